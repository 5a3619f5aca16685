"""Going on with an evaluated run, and the way back to the figures that it had."""

from __future__ import annotations

from rsdash.errors import RunError
from rsdash.runs.amendments import TAKEN_BACK
from rsdash.runs.events import bring_to_disk
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import Evaluated, StateRecord
from rsdash.runs.states import EVALUATED


def require_checkpoint(state: StateRecord, name: str = "The run") -> None:
    """Refuse to have an evaluated run begin anew, which would lose its figures.

    Raises:
        RunError: its checkpoint is gone.
    """
    if state.state in EVALUATED and state.checkpoint_step is None:
        raise RunError(
            f"{name} cannot go on without a checkpoint: imported runs have none, older ones are deleted to "
            "save space. Clone it instead."
        )


def way_back(folder: RunFolder, state: StateRecord) -> Evaluated | None:
    """What a run that goes on can be again: what it is, or what it went on from; None without figures."""
    if state.state not in EVALUATED:
        return state.before
    return Evaluated(
        state=state.state,
        summary=state.summary,
        amendments=state.amendments,
        checkpoint_step=state.checkpoint_step or 0,
        checkpoint_at=_checkpoint_at(folder),
    )


def take_back(folder: RunFolder, before: Evaluated) -> StateRecord:
    """Drop what was trained since a run was evaluated; the caller holds its lock, and training is over.

    Where a later checkpoint has replaced the one that the run went on from, it is deleted, too.
    """
    folder.log_event(
        TAKEN_BACK,
        step=before.checkpoint_step,
        amendments=[amendment.model_dump() for amendment in before.amendments],
    )
    bring_to_disk(folder.metrics_path)
    same = _checkpoint_at(folder) == before.checkpoint_at
    if not same:
        folder.checkpoint_path.unlink(missing_ok=True)
    return folder.write_state(
        state=before.state,
        reason=None,
        message="",
        stopping=False,
        fruitless=0,
        checkpoint_step=before.checkpoint_step if same else None,
        amendments=before.amendments,
        summary=before.summary,
        before=None,
    )


def _checkpoint_at(folder: RunFolder) -> float:
    """When last.ckpt was written, in seconds since 1970; 0 without one."""
    return folder.checkpoint_path.stat().st_mtime if folder.checkpoint_path.exists() else 0.0
