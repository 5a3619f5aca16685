"""Requests that reach a run while it trains: from commands.jsonl and from signals."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum, auto
from types import FrameType

from rsdash.runs.commands import Action, Command, read_commands
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import Interruption


class Ending(Enum):
    """How a stretch of training came to its end."""

    COMPLETE = auto()
    """All epochs are done."""
    STOP = auto()
    """Asked to end early and evaluate."""
    CANCEL = auto()
    """Asked to give up."""
    SUSPEND = auto()
    """Asked to leave with a checkpoint."""


@dataclass(frozen=True)
class Request:
    """What has been asked for: the ending, and the reason of a suspension."""

    ending: Ending
    reason: Interruption | None = None


_ENDINGS = {Action.STOP: Ending.STOP, Action.CANCEL: Ending.CANCEL, Action.SUSPEND: Ending.SUSPEND}


class Control:
    """Looks between two steps whether something is asked; each request is acknowledged as an event."""

    def __init__(self, folder: RunFolder, commands_end: int) -> None:
        self._folder = folder
        self.commands_end = commands_end
        self._terminated = False

    def listen_to_signals(self) -> None:
        """Take SIGTERM and SIGINT as a request to leave with a checkpoint; call from the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def poll(self) -> Request | None:
        """The request that ends this stretch of training, if there is one."""
        if self._terminated:
            return Request(Ending.SUSPEND, Interruption.SHUTDOWN)
        try:
            size = self._folder.commands_path.stat().st_size
        except FileNotFoundError:
            return None
        if size <= self.commands_end:
            return None
        for command in read_commands(self._folder.commands_path, self.commands_end):
            self.commands_end = command.end
            if request := self._take(command):
                return request
        return None

    def _take(self, command: Command) -> Request | None:
        ending = _ENDINGS.get(command.action)
        outcome = {"outcome": "done"} if ending else {"outcome": "refused", "reason": "The run is running."}
        self._folder.log_event("acknowledgement", command=command.id, action=command.action.value, **outcome)
        if ending is Ending.SUSPEND:
            shutdown = command.reason == Interruption.SHUTDOWN
            return Request(ending, Interruption.SHUTDOWN if shutdown else Interruption.SUSPENDED)
        return Request(ending) if ending else None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True
