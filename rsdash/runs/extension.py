"""Going on with an evaluated run, and the way back to the figures that it had."""

from __future__ import annotations

import hashlib
import os

from rsdash.errors import RunError
from rsdash.runs.amendments import TAKEN_BACK
from rsdash.runs.events import bring_to_disk
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import Evaluated, StateRecord
from rsdash.runs.states import EVALUATED

MARKED_BYTES = 65_536


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
    """What a run that goes on can be again: what it is, or what it went on from; None without figures.

    Raises:
        RunError: it cannot go on, see `require_checkpoint`.
    """
    if state.state not in EVALUATED:
        return state.before
    require_checkpoint(state)
    return Evaluated(
        state=state.state,
        summary=state.summary,
        amendments=state.amendments,
        checkpoint_step=state.checkpoint_step or 0,
        checkpoint_mark=_checkpoint_mark(folder),
    )


def take_back(folder: RunFolder, before: Evaluated, *, commands_end: int) -> StateRecord:
    """Drop what was trained since a run was evaluated; the caller holds its lock, and training is over.

    Where a later checkpoint has replaced the one that the run went on from, it is deleted, too.

    Args:
        folder: the run.
        before: what it becomes again.
        commands_end: offset in commands.jsonl behind the request to do so.
    """
    folder.log_event(
        TAKEN_BACK,
        step=before.checkpoint_step,
        amendments=[amendment.model_dump() for amendment in before.amendments],
    )
    bring_to_disk(folder.metrics_path)
    same = _checkpoint_mark(folder) == before.checkpoint_mark
    if not same:
        folder.checkpoint_path.unlink(missing_ok=True)
    return folder.write_state(
        state=before.state,
        reason=None,
        message="",
        stopping=False,
        fruitless=0,
        commands_end=commands_end,
        checkpoint_step=before.checkpoint_step if same else None,
        amendments=before.amendments,
        summary=before.summary,
        before=None,
    )


def _checkpoint_mark(folder: RunFolder) -> str:
    """Size of last.ckpt and digest of its end, where its archive lists a CRC of each record; else empty."""
    try:
        with folder.checkpoint_path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MARKED_BYTES))
            return f"{size}-{hashlib.sha256(file.read()).hexdigest()}"
    except FileNotFoundError:
        return ""
