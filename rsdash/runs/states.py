"""The states of a run and the only moves between them."""

from __future__ import annotations

from enum import StrEnum

from rsdash.errors import RunError


class RunState(StrEnum):
    """What is the case with a run."""

    QUEUED = "QUEUED"
    """Waits for a free device."""
    STARTING = "STARTING"
    """A worker was launched and is loading its libraries and data."""
    RUNNING = "RUNNING"
    """Optimizer steps are being taken."""
    STOPPING = "STOPPING"
    """Asked to stop early; keeps what was learnt and evaluates it."""
    EVALUATING = "EVALUATING"
    """Training is over; the final figures are computed."""
    FINISHED = "FINISHED"
    """Trained as long as asked, and evaluated."""
    STOPPED = "STOPPED"
    """Stopped early, and evaluated."""
    FAILED = "FAILED"
    """Ended by an error that the run names."""
    CANCELLED = "CANCELLED"
    """Given up by a person; not evaluated."""
    INTERRUPTED = "INTERRUPTED"
    """Paused, shut down or killed; can be resumed."""


class Interruption(StrEnum):
    """Why a run is INTERRUPTED."""

    SUSPENDED = "suspended"
    """A person pressed Pause."""
    SHUTDOWN = "shutdown"
    """The server or the machine was asked to stop; resumes by itself."""
    KILLED = "killed"
    """The worker's process ended without a word; its exit code is known."""
    VANISHED = "vanished"
    """The worker is gone and nobody saw it end."""


LIVING = frozenset({RunState.STARTING, RunState.RUNNING, RunState.STOPPING, RunState.EVALUATING})
"""States in which a worker holds the run's lock."""
ENDED = frozenset(RunState) - LIVING - {RunState.QUEUED}
EVALUATED = frozenset({RunState.FINISHED, RunState.STOPPED})
"""States that come with model.safetensors and evaluation.npz."""

_BREAKS = frozenset({RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED})
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.CANCELLED}),
    RunState.STARTING: _BREAKS | {RunState.RUNNING, RunState.EVALUATING},
    RunState.RUNNING: _BREAKS | {RunState.STOPPING, RunState.EVALUATING},
    RunState.STOPPING: _BREAKS | {RunState.EVALUATING},
    RunState.EVALUATING: _BREAKS | EVALUATED,
    **{ended: frozenset({RunState.QUEUED}) for ended in ENDED},
}


def check_move(before: RunState, after: RunState, *, way_back: RunState | None = None) -> None:
    """Allow a move that the table holds; a state may always be written again.

    Args:
        before: the state so far.
        after: the state to come.
        way_back: what a run was that goes on from its figures; it may be that again at any time.

    Raises:
        RunError: the table does not hold the move.
    """
    if after not in (before, way_back) and after not in TRANSITIONS[before]:
        raise RunError(f"A run cannot go from {before} to {after}.")
