"""Settings that were changed while a run was under way: what is in force is config.json plus these.

Each is an event of metrics.jsonl, written before it takes effect. A resumed run reads them there and
changes the same settings at the same steps again, so that it trains as the undisturbed one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rsdash.config import SETTINGS, RunConfig, make_config
from rsdash.errors import RunError
from rsdash.runs.commands import Action, Command
from rsdash.runs.events import read_lines

AmendedSetting = Literal["learning_rate", "epochs", "accumulation"]
AMENDABLE: tuple[AmendedSetting, ...] = ("learning_rate", "epochs", "accumulation")
AMENDED_BY: dict[Action, AmendedSetting] = {Action.SET_RATE: "learning_rate", Action.SET_EPOCHS: "epochs"}
"""Requests that change a setting."""
TAKEN_BACK = "taken_back"
"""Kind of the event by which a run that went on is again what it was: `step`, `amendments` until then."""


class Amendment(BaseModel):
    """A setting that holds from some optimizer step on.

    Attributes:
        step: steps taken before it takes effect.
        setting: name of the setting.
        value: its value from then on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: int
    setting: AmendedSetting
    value: float


def add_amendment(amendments: Iterable[Amendment], new: Amendment) -> tuple[Amendment, ...]:
    """The amendments with one more; the last word counts, so later steps of its setting are dropped.

    They can only be later where the run went on from a checkpoint before them.
    """
    kept = (old for old in amendments if old.setting != new.setting or old.step < new.step)
    return (*kept, new)


def read_amendments(metrics_path: Path, **given: Any) -> tuple[Amendment, ...]:
    """The amendments that a run's log holds, in the order in which they were made.

    Args:
        metrics_path: the log.
        given: facts that their events hold, such as the `command` that asked; without any, all count.
    """
    amendments: tuple[Amendment, ...] = ()
    for line in read_lines(metrics_path):
        if line.fields.get("kind") == TAKEN_BACK and not given:
            amendments = tuple(map(Amendment.model_validate, line.fields["amendments"]))
        known = line.fields.get("kind") == "amendment" and line.fields.get("setting") in AMENDABLE
        if known and given.items() <= line.fields.items():
            amendments = add_amendment(amendments, Amendment.model_validate(line.fields))
    return amendments


def amended(config: RunConfig, amendments: Sequence[Amendment], step: int | None = None) -> RunConfig:
    """The settings in force after so many optimizer steps.

    Args:
        config: settings as asked for.
        amendments: in the order in which they were made.
        step: steps taken; None for all amendments, as lists and pages show a run.
    """
    changes = {a.setting: a.value for a in amendments if step is None or a.step <= step}
    values = {
        name: int(value) if SETTINGS[name].kind == "whole" else value for name, value in changes.items()
    }
    return config.model_copy(update=values) if values else config


def check_amendment(config: RunConfig, setting: AmendedSetting, value: float, *, epochs_done: int) -> None:
    """Make sure that a run can go on with another value.

    Args:
        config: settings in force.
        setting: what is to change.
        value: its new value.
        epochs_done: epochs that the run has completed.

    Raises:
        ConfigError: the value is out of the setting's range.
        RunError: so many epochs are done already.
    """
    make_config({**config.model_dump(exclude={"preset"}), setting: value}, preset=config.preset, new=False)
    if setting == "epochs" and value <= epochs_done:
        raise RunError(
            f"epochs={value:g} is not more than the {epochs_done} that are done; a run that is under way can "
            "be stopped instead."
        )


def amendment_for(command: Command, config: RunConfig, *, step: int, epochs_done: int) -> Amendment:
    """What a request to change a setting comes to.

    Args:
        command: its action is one of AMENDED_BY.
        config: settings in force.
        step: steps taken, from which on the new value holds.
        epochs_done: epochs that the run has completed.

    Raises:
        RsdashError: why it cannot be done, in one sentence.
    """
    setting = AMENDED_BY[command.action]
    if not isinstance(command.value, int | float):
        raise RunError(f"{command.action} came without a value.")
    check_amendment(config, setting, command.value, epochs_done=epochs_done)
    return Amendment(step=step, setting=setting, value=command.value)
