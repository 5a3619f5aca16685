"""What is done to a run that no worker holds: requests carried out, deaths recorded, resumption."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from rsdash.errors import RsdashError, RunError, StorageError
from rsdash.runs.amendments import AMENDED_BY, Amendment, amended, amendment_for
from rsdash.runs.commands import Action, Command, read_commands
from rsdash.runs.events import cut_torn_line
from rsdash.runs.extension import require_checkpoint, take_back, way_back
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunEntry
from rsdash.runs.lock import Lock
from rsdash.runs.records import StateRecord
from rsdash.runs.states import ENDED, EVALUATED, LIVING, Interruption, RunState

MAX_FRUITLESS = 2
"""A run that was launched so often without a new checkpoint no longer resumes by itself."""
LOG_LINES = 5


def carry_out(folder: RunFolder, *, front: float) -> bool:
    """Carry out the requests to a run that waits or has ended.

    Args:
        folder: the run.
        front: queue position before all that wait, for a resumed run.

    Returns:
        Whether the lock was free, so that it was done.
    """
    lock = Lock.take(folder.lock_path)
    if lock is None:
        return False
    with lock:
        cut_torn_line(folder.metrics_path)
        state = folder.state()
        end = _size(folder.commands_path)  # taken first: what is asked from here on is read, or waits
        for command in read_commands(folder.commands_path, state.commands_end):
            end = max(end, command.end)
            state = _answer(folder, state, command, front)
        folder.write_state(commands_end=end)
    return True


def interrupt(folder: RunFolder, *, exit_code: int | None) -> bool:
    """Record that a living run's worker is gone.

    Args:
        folder: the run, whose lock was seen free.
        exit_code: how the worker ended, or None if nobody saw it.

    Returns:
        Whether the state changed; it does not where the worker had just written its last one.
    """
    lock = Lock.take(folder.lock_path)
    if lock is None:
        return False
    with lock:
        if folder.state().state not in LIVING:
            return True
        cut_torn_line(folder.metrics_path)
        reason = Interruption.VANISHED if exit_code is None else Interruption.KILLED
        message = _cause(exit_code)
        folder.remove_torn()
        # the state first: where the disk is full, this is tried again and again
        folder.write_state(state=RunState.INTERRUPTED, reason=reason, message=message)
        tail = folder.log_tail(lines=LOG_LINES)
        folder.log_event("alert", code=reason.value, message=message, log=tail)
    return True


def may_resume_itself(state: StateRecord, *, host: str) -> bool:
    """Whether a run was shut down on this host and may go on without being asked."""
    return (
        state.state is RunState.INTERRUPTED
        and state.reason is Interruption.SHUTDOWN
        and state.host == host
        and state.fruitless < MAX_FRUITLESS
    )


def has_yet_to_look(entry: RunEntry) -> bool:
    """Whether a runner has yet to look at an ended run: something was asked of it, or a shutdown ended it."""
    return entry.has_requests or may_resume_itself(entry.state, host=socket.gethostname())


def requeue(folder: RunFolder) -> bool:
    """Put a run back into the queue at its old place; returns whether its lock was free."""
    lock = Lock.take(folder.lock_path)
    if lock is None:
        return False
    with lock:
        folder.write_state(state=RunState.QUEUED, reason=None, message="")
    return True


def say_device_is_missing(entry: RunEntry) -> bool:
    """Have a waiting run say that its device is not on this machine; returns whether that is new."""
    message = f"Waits for device={entry.config.device}, which this machine does not have."
    lock = None if entry.state.message == message else Lock.take(entry.folder.lock_path)
    if lock is None:
        return False
    with lock:
        if entry.folder.state().state is RunState.QUEUED:
            entry.folder.write_state(message=message)
    return True


def _answer(folder: RunFolder, state: StateRecord, command: Command, front: float) -> StateRecord:
    """Carry a request out or refuse it, and say so; what fails for the disk is tried again."""
    try:
        amendment = _amendment(folder, state, command) if command.action in AMENDED_BY else None
        state = _move(folder, state, command, front)
    except StorageError:
        raise
    except RsdashError as error:
        folder.acknowledge(command, refusal=str(error))
        return state
    if amendment is None:
        folder.acknowledge(command)
        return state
    state = _amend(folder, state, amendment, command)
    folder.acknowledge(command, value=command.value)
    return state


def _move(folder: RunFolder, state: StateRecord, command: Command, front: float) -> StateRecord:
    """Bring a run into the state that a request asks for.

    The request is noted as carried out in the same writing, unless it has an amendment that is still to come.

    Raises:
        RsdashError: the request does not fit the state.
    """
    action, end = command.action, command.end
    if action is Action.CANCEL and state.before:
        return take_back(folder, state.before, commands_end=end)
    if action is Action.CANCEL and state.state in (RunState.QUEUED, RunState.INTERRUPTED):
        folder.write_state(state=RunState.QUEUED)  # as one is that broke off since it was asked
        cancelled = {"state": RunState.CANCELLED, "reason": None, "message": "", "stopping": False}
        return folder.write_state(**cancelled, commands_end=end)
    if _is_put_back(action, state.state):
        require_checkpoint(state)
        folder.write_about(queue_position=front)
        before = way_back(folder, state)  # as it is before the amendment, whenever this is killed
        waits = {"state": RunState.QUEUED, "reason": None, "message": "", "fruitless": 0, "before": before}
        return folder.write_state(**waits, commands_end=state.commands_end if action in AMENDED_BY else end)
    if action is Action.STOP and _evaluates_later(state):
        return folder.write_state(stopping=True, commands_end=end)
    if _rests_already(action, state):
        asked = command.reason == Interruption.SUSPENDED  # by a person: nor does it resume by itself
        return folder.write_state(reason=Interruption.SUSPENDED if asked else state.reason, commands_end=end)
    if action not in AMENDED_BY:
        raise RunError(f"The run is {state.words}.")
    return state


def _is_put_back(action: Action, state: RunState) -> bool:
    """Whether a request brings an ended run back into the queue; more epochs do so for an evaluated one."""
    if action is Action.SET_EPOCHS:
        return state in EVALUATED
    return action is Action.RESUME and state in ENDED - {RunState.FINISHED}


def _rests_already(action: Action, state: StateRecord) -> bool:
    """Whether a run that is to pause had been asked to leave before, by another page or a server's end."""
    left = state.state is RunState.INTERRUPTED
    return (
        action is Action.SUSPEND and left and state.reason in (Interruption.SUSPENDED, Interruption.SHUTDOWN)
    )


def _evaluates_later(state: StateRecord) -> bool:
    """Whether a run that was to stop had been shut down before, and can be evaluated when it goes on."""
    shut_down = state.state is RunState.INTERRUPTED and state.reason is Interruption.SHUTDOWN
    return shut_down and state.checkpoint_step is not None


def _amendment(folder: RunFolder, state: StateRecord, command: Command) -> Amendment:
    """A changed setting from the step on that the run will go on from.

    Raises:
        RsdashError: it cannot be changed so.
    """
    if state.state in EVALUATED and command.action is Action.SET_RATE:
        raise RunError(f"The run is {state.words}.")
    require_checkpoint(state)
    config = amended(folder.request().config, state.amendments)
    step, done = state.checkpoint_step or 0, state.epochs_behind(config.epochs)
    return amendment_for(command, config, step=step, epochs_done=done)


def _amend(folder: RunFolder, state: StateRecord, amendment: Amendment, command: Command) -> StateRecord:
    asked = folder.request().config
    before = amended(asked, state.amendments).epochs
    folder.amend(amendment, command=command.id)
    length = amended(asked, folder.state().amendments).epochs
    summary = state.summary.model_copy(update={"steps": state.summary.steps // before * length})
    # who changes it wants it to train on
    return folder.write_state(summary=summary, stopping=False, commands_end=command.end)


def _cause(exit_code: int | None) -> str:
    if exit_code is None:
        return "The worker is gone and nobody saw it end."
    if exit_code >= 0:
        return f"The worker ended with exit code {exit_code}."
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = str(-exit_code)
    hint = " (out of memory, or killed by a person)" if -exit_code == signal.SIGKILL else ""
    return f"The worker was ended by signal {name}{hint}."


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
