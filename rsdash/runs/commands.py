"""Requests to a run: appended by pages and command line, carried out by whoever holds its lock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rsdash.runs.events import append_event, bring_to_disk, read_lines


class Action(StrEnum):
    """What can be asked of a run."""

    STOP = "stop"
    """End now, keep and evaluate what was learnt."""
    CANCEL = "cancel"
    """End now and give up."""
    SUSPEND = "suspend"
    """Write a checkpoint and leave; can be resumed."""
    RESUME = "resume"
    """Go on from the last checkpoint."""
    SET_RATE = "set_lr"
    """Train with another learning rate from the next step on."""
    SET_EPOCHS = "set_epochs"
    """Train for another number of epochs; an evaluated run goes on."""


@dataclass(frozen=True)
class Command:
    """One request.

    Attributes:
        id: names the request in its acknowledgement.
        action: what is asked.
        reason: why, for suspend: `suspended` or `shutdown`.
        value: the new value, for what sets one.
        end: offset behind it in commands.jsonl, in bytes.
    """

    id: str
    action: Action
    reason: str
    value: float | None
    end: int


def append_command(path: Path, action: Action, *, reason: str = "", value: float | None = None) -> str:
    """Append a request and return its id.

    Raises:
        StorageError: the disk is full or the file cannot be written.
    """
    command_id = secrets.token_hex(6)
    append_event(path, "command", id=command_id, action=action.value, reason=reason, value=value)
    return command_id


def read_commands(path: Path, start: int) -> list[Command]:
    """Requests from byte `start` on; lines that ask for nothing known are passed over.

    They are on disk when this returns: after a power cut a run must not have read further than the file goes.
    """
    known = {action.value for action in Action}
    found = [
        Command(
            id=str(line.fields.get("id", "")),
            action=Action(action),
            reason=str(line.fields.get("reason", "")),
            value=line.fields.get("value"),
            end=line.end,
        )
        for line in read_lines(path, start)
        if (action := line.fields.get("action")) in known
    ]
    if found:
        bring_to_disk(path)
    return found
