"""Requests that reach a run while it trains: from commands.jsonl and from signals."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum, auto
from types import FrameType

from rsdash.errors import RsdashError
from rsdash.runs.amendments import AMENDED_BY, Amendment, amended, amendment_for
from rsdash.runs.commands import Action, Command, read_commands
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import Interruption


class Ending(Enum):
    """How a stretch of training came to its end."""

    COMPLETE = auto()
    """Trained to the end: all epochs are done, or patience is used up."""
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


class LeaveError(Exception):
    """Carries a request out of a long step, such as building the pixel cache or measuring."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.ending.name)
        self.request = request


@dataclass(frozen=True)
class Standing:
    """How far a run has come when something is asked of it."""

    step: int
    epochs_done: int


_ENDINGS = {Action.STOP: Ending.STOP, Action.CANCEL: Ending.CANCEL, Action.SUSPEND: Ending.SUSPEND}


class Control:
    """Looks between two steps whether something is asked; each request is acknowledged as an event."""

    def __init__(self, folder: RunFolder, commands_end: int) -> None:
        self._folder = folder
        self.commands_end = self._heard_end = commands_end
        """Offset in commands.jsonl up to which requests were carried out; more may have been heard."""
        self._terminated = False

    def listen_to_signals(self) -> None:
        """Take SIGTERM and SIGINT as a request to leave with a checkpoint; call from the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        """What is asked next: to leave, or to go on with a changed setting; None for nothing.

        An amendment has been recorded in the log and in state.json when it is returned.

        Args:
            standing: how far training has come; None where it is over, so that nothing can be changed.
        """
        if self._asked():
            for command in read_commands(self._folder.commands_path, self._heard_end):
                taken = self._take(command, standing)
                nothing_open = self.commands_end == self._heard_end
                self._heard_end = command.end
                if nothing_open and not isinstance(taken, Request):  # which whoever gets it carries out
                    self.commands_end = command.end
                if taken:
                    return taken
        # last, as who cancels or stops a run just before a shutdown does not want it to go on after it
        return Request(Ending.SUSPEND, Interruption.SHUTDOWN) if self._terminated else None

    def carried_out(self) -> int:
        """Note that all that was heard is done; the offset behind it, to be written with the outcome."""
        self.commands_end = self._heard_end
        return self.commands_end

    def _asked(self) -> bool:
        """Whether anything was asked since the last look."""
        try:
            return self._folder.commands_path.stat().st_size > self._heard_end
        except FileNotFoundError:
            return False

    def _take(self, command: Command, standing: Standing | None) -> Request | Amendment | None:
        if command.action in AMENDED_BY and standing:
            return self._amend(command, standing)
        ending = _ENDINGS.get(command.action)
        if ending is None:
            what = "running" if standing else "being evaluated"
            self._folder.acknowledge(command, refusal=f"The run is {what}.")
            return None
        self._folder.acknowledge(command)
        if ending is Ending.SUSPEND:
            shutdown = command.reason == Interruption.SHUTDOWN
            return Request(ending, Interruption.SHUTDOWN if shutdown else Interruption.SUSPENDED)
        return Request(ending)

    def _amend(self, command: Command, standing: Standing) -> Amendment | None:
        config = amended(self._folder.request().config, self._folder.state().amendments)
        try:
            amendment = amendment_for(command, config, step=standing.step, epochs_done=standing.epochs_done)
        except RsdashError as error:
            self._folder.acknowledge(command, refusal=str(error))
            return None
        new = self._folder.amend(amendment, command=command.id)
        self._folder.acknowledge(command, value=command.value)
        return amendment if new else None  # else it is among those that the training began with

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True
