"""Whole runs in the test's own process."""

from __future__ import annotations

from collections.abc import Callable

from rsdash.runs.amendments import Amendment
from rsdash.runs.folder import RunFolder
from rsdash.runs.lock import Lock
from rsdash.training.control import Control, Ending, Request, Standing
from rsdash.training.session import run_session


class Leaving(Control):
    """Asks to suspend after some looks."""

    def __init__(self, folder: RunFolder, looks: int) -> None:
        super().__init__(folder, 0)
        self._left = looks

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        self._left -= 1
        return Request(Ending.SUSPEND) if self._left < 0 else super().poll(standing)


class Asking(Control):
    """Has something done before a step, and then listens."""

    def __init__(self, folder: RunFolder, step: int, act: Callable[[], object]) -> None:
        super().__init__(folder, folder.state().commands_end)
        self._step, self._act = step, act

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing and standing.step == self._step:
            self._step = -1
            self._act()
        return super().poll(standing)


def go_on(folder: RunFolder, leave_after: int | None = None, *, control: Control | None = None) -> bool:
    """Bring a run on its way, in this process; whether it is finished."""
    control = control or (Control(folder, 0) if leave_after is None else Leaving(folder, leave_after))
    lock = Lock.take(folder.lock_path)
    assert lock
    with lock:
        return run_session(folder, control, by_hand=True)
