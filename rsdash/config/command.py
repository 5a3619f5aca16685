"""The settings of a run as the command line that repeats it."""

from __future__ import annotations

import shlex
from typing import Any

from rsdash.config.run import SETTINGS, RunConfig, make_config

PROGRAM = ("python", "-m", "rsdash", "train")
OWN_OPTIONS = ("data", "model")
"""Settings that are written as options of their own; all others stand behind `--set`."""


def command_for(config: RunConfig, *, name: str = "") -> str:
    """The command that trains with these settings: the preset, and what differs from it.

    Args:
        config: settings of the run.
        name: what the run is to be called; empty for a made name.

    Returns:
        One line, quoted for a POSIX shell.
    """
    changed = config.changed_from(make_config({}, preset=config.preset))
    words = [*PROGRAM, "--preset", config.preset]
    if name:
        words += ["--name", name]
    for setting in OWN_OPTIONS:
        if setting in changed:
            words += [f"--{setting}", as_text(getattr(config, setting))]
    for setting in SETTINGS:
        if setting in changed and setting not in OWN_OPTIONS:
            words += ["--set", f"{setting}={as_text(getattr(config, setting))}"]
    return shlex.join(words)


def as_text(value: Any) -> str:
    """A value as it is typed: nothing for none, no digit lost."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
