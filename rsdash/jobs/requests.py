"""What a person asks of a run: checked, then written as a request that the holder of its lock carries out."""

from __future__ import annotations

from rsdash.data import open_dataset
from rsdash.errors import RunBusyError, RunError
from rsdash.runs.amendments import AMENDED_BY, check_amendment
from rsdash.runs.commands import Action, append_command
from rsdash.runs.extension import require_checkpoint
from rsdash.runs.folder import RunFolder, remove_run
from rsdash.runs.index import RunEntry
from rsdash.runs.lock import Lock
from rsdash.runs.states import ENDED, EVALUATED, LIVING, RunState


def request_stop(entry: RunEntry) -> str:
    """End early, keep and evaluate what was learnt; returns the request's id.

    Raises:
        RunError: the run is not running.
    """
    _require(entry, LIVING, "stopped")
    return append_command(entry.folder.commands_path, Action.STOP)


def request_cancel(entry: RunEntry) -> str:
    """Give up a waiting or running run; returns the request's id.

    One that goes on from its figures is again what it was before, even where it has broken off meanwhile.

    Raises:
        RunError: the run has ended.
    """
    if not entry.state.before:
        _require(entry, LIVING | {RunState.QUEUED}, "cancelled")
    return append_command(entry.folder.commands_path, Action.CANCEL)


def request_pause(entry: RunEntry) -> str:
    """Write a checkpoint and leave the device; returns the request's id.

    Raises:
        RunError: the run is not running.
    """
    _require(entry, LIVING, "paused")
    return append_command(entry.folder.commands_path, Action.SUSPEND, reason="suspended")


def request_resume(entry: RunEntry) -> str:
    """Go on from the last checkpoint, at the front of the queue; returns the request's id.

    Raises:
        RunError: the run waits, lives or is finished, or it was stopped and its checkpoint is gone.
        DataChangedError: its images are no longer those it was started on.
        StorageError: the disk is full.
    """
    _require(entry, ENDED - {RunState.FINISHED}, "resumed")
    require_checkpoint(entry.state, entry.name)
    _require_same_data(entry)
    return append_command(entry.folder.commands_path, Action.RESUME)


def request_changes(
    entry: RunEntry, *, learning_rate: float | None = None, epochs: int | None = None
) -> list[str]:
    """Train with another learning rate, for another number of epochs, or both; both are checked before.

    Args:
        entry: the run.
        learning_rate: from the next step on; the peak where a schedule changes it. None leaves it.
        epochs: of the whole run; an evaluated run goes on, first in the queue. None leaves it.

    Returns:
        Ids of the requests, in this order.

    Raises:
        RunError: the run is an example, so many epochs are done, its checkpoint is gone, or the rate of an
            evaluated run would no longer be that of its figures.
        ConfigError: a value is out of range.
        DataNotFoundError, DataChangedError: an evaluated run's images are not those any more that it was
            trained on.
    """
    wanted: list[tuple[Action, float]] = []
    if learning_rate is not None:
        _require(entry, frozenset(RunState) - EVALUATED, "given another learning rate")
        wanted.append((Action.SET_RATE, learning_rate))
    if epochs is not None:
        require_own(entry.folder, entry.example)
        require_checkpoint(entry.state, entry.name)
        wanted.append((Action.SET_EPOCHS, epochs))
        if entry.state.state in EVALUATED:
            _require_same_data(entry)
    done = entry.state.epochs_behind(entry.config.epochs)
    for action, value in wanted:
        check_amendment(entry.config, AMENDED_BY[action], value, epochs_done=done)
    return [append_command(entry.folder.commands_path, action, value=value) for action, value in wanted]


def delete_run(entry: RunEntry) -> None:
    """Delete a run that has ended.

    Raises:
        RunError: it is an example, waits or lives.
        RunBusyError: a worker holds it.
    """
    _require(entry, ENDED, "deleted")
    lock = Lock.take(entry.folder.lock_path)
    if lock is None:
        raise RunBusyError(f"{entry.name} is still held by its worker; try again in a moment.")
    with lock:
        remove_run(entry.folder)


def require_own(folder: RunFolder, example: bool) -> None:
    """Refuse to change an example.

    Raises:
        RunError: the run is one of the examples.
    """
    if example:
        raise RunError(f"{folder.id} is an example without weights; it can be looked at, but not changed.")


def _require_same_data(entry: RunEntry) -> None:
    open_dataset(entry.request.data.name).verify(entry.request.data.fingerprint)


def _require(entry: RunEntry, states: frozenset[RunState], done: str) -> None:
    require_own(entry.folder, entry.example)
    if entry.state.state not in states:
        raise RunError(f"{entry.name} is {entry.state.words} and cannot be {done}.")
