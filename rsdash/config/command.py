"""The settings of a run as the command line that repeats it."""

from __future__ import annotations

import shlex
from typing import Any

from rsdash.config.run import SETTINGS, RunConfig, make_config

PROGRAM = ("python", "-m", "rsdash", "train")
OWN_OPTIONS = ("data", "model")
"""Settings that are written as options of their own; all others stand behind `--set`."""


def command_for(config: RunConfig) -> str:
    """The command that trains with these settings: the preset, and what differs from it.

    Args:
        config: settings of the run.

    Returns:
        One line, quoted for a POSIX shell.
    """
    changed = config.changed_from(make_config({}, preset=config.preset))
    words = [*PROGRAM, "--preset", config.preset]
    for name in OWN_OPTIONS:
        if name in changed:
            words += [f"--{name}", as_text(getattr(config, name))]
    for name in SETTINGS:
        if name in changed and name not in OWN_OPTIONS:
            words += ["--set", f"{name}={as_text(getattr(config, name))}"]
    return shlex.join(words)


def as_text(value: Any) -> str:
    """A value as it is typed: nothing for none, no digit lost."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
