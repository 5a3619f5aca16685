"""The worker process: takes the run's lock before anything slow is imported, then trains."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rsdash.errors import RsdashError, RunBusyError, RunError
from rsdash.runs.extension import require_checkpoint
from rsdash.runs.folder import RunFolder, open_run
from rsdash.runs.lock import LOCK_VARIABLE, Lock
from rsdash.runs.states import RunState
from rsdash.training.control import Control

LOCK_WAIT_S = 1.0
NICENESS = 10

EXIT_DONE = 0
"""Finished or stopped."""
EXIT_ENDED = 1
"""Failed, cancelled or interrupted."""
EXIT_REFUSED = 2
"""Not a run, a finished one, one whose figures would be lost, or one that is held; nothing was written."""


def main(path: Path) -> int:
    """Train the run in a folder and return the exit code."""
    descriptor = os.environ.pop(LOCK_VARIABLE, None)
    try:
        folder, lock = _take(path, descriptor)
    except RsdashError as error:
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    lock.close_in_children()
    control = Control(folder, folder.state().commands_end)
    control.listen_to_signals()  # before the imports, which take seconds
    from rsdash.training.session import run_session  # imports torch, which the lock must precede

    # the lock is left to the end of the process: a last checkpoint may still be on its way to disk
    return EXIT_DONE if run_session(folder, control, by_hand=descriptor is None) else EXIT_ENDED


def _take(path: Path, handed_over: str | None) -> tuple[RunFolder, Lock]:
    """A run that can be trained, and its lock.

    Raises:
        RsdashError: it is none.
    """
    folder = open_run(path.resolve().parent, path.resolve().name)
    lock = _take_lock(folder, handed_over)
    if lock is None:
        raise RunBusyError(f"Run {folder.id} is held by another process.")
    state = folder.state()
    if state.state is RunState.FINISHED:
        raise RunError(f"Run {folder.id} is finished; there is nothing left to train.")
    require_checkpoint(state)
    return folder, lock


def _take_lock(folder: RunFolder, handed_over: str | None) -> Lock | None:
    if handed_over is None:
        return Lock.take(folder.lock_path, wait_s=LOCK_WAIT_S)
    os.nice(NICENESS)
    return Lock.handed_over(int(handed_over))
