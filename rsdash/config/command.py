"""The settings of a run, or of a grid of runs, as the command line that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rsdash.config.run import SETTINGS, RunConfig, make_config

PROGRAM = ("python", "-m", "rsdash", "train")
OWN_OPTIONS = ("data", "model")
"""Settings that are written as options of their own; all others stand behind `--set`."""
SEEDS = "seed"


def command_for(config: RunConfig, *, name: str = "") -> str:
    """The command that trains with these settings: the preset, and what differs from it.

    Args:
        config: settings of the run.
        name: what the run is to be called; empty for a made name.

    Returns:
        One line, quoted for a POSIX shell.
    """
    return shlex.join(_words(config, name))


def command_for_grid(config: RunConfig, varied: Mapping[str, Sequence[str]], *, name: str = "") -> str:
    """The command that queues every combination of some values.

    Args:
        config: settings of any one of these runs.
        varied: setting → its values as text, as `make_grid` takes them.
        name: with which the names of the runs begin; empty for made ones.

    Returns:
        One line, quoted for a POSIX shell.
    """
    words = _words(config, name, without=varied)
    for setting, texts in varied.items():
        several = isinstance(SETTINGS[setting].default, tuple) or any("," in text for text in texts)
        values = (";" if several else ",").join(texts)
        words += ["--seeds", values] if setting == SEEDS else ["--vary", f"{setting}={values}"]
    return shlex.join(words)


def as_text(value: Any) -> str:
    """A value as it is typed: nothing for none, no digit lost."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _words(config: RunConfig, name: str, *, without: Collection[str] = ()) -> list[str]:
    """The preset, the name, and what differs from the preset but for some settings."""
    changed = config.changed_from(make_config({}, preset=config.preset)).keys() - set(without)
    words = [*PROGRAM, "--preset", config.preset]
    if name:
        words += ["--name", name]
    for setting in OWN_OPTIONS:
        if setting in changed:
            words += [f"--{setting}", as_text(getattr(config, setting))]
    for setting in SETTINGS:
        if setting in changed and setting not in OWN_OPTIONS:
            words += ["--set", f"{setting}={as_text(getattr(config, setting))}"]
    return words
