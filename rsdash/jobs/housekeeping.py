"""Keeping disk use in bounds: optimizer state of the latest runs and pinned ones only, and no leftovers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rsdash.errors import ConfigError
from rsdash.home import kept_checkpoints
from rsdash.runs.folder import DRAFT_PREFIX, REMOVED_PREFIX
from rsdash.runs.index import RunEntry
from rsdash.runs.lock import Lock
from rsdash.runs.states import EVALUATED

LEFTOVER_AGE_S = 3600.0
"""A folder that was being made or removed so long ago belongs to a process that was killed."""


def clear_leftovers(runs_dir: Path) -> None:
    """Remove what killed processes left half made or half removed."""
    for prefix in (DRAFT_PREFIX, REMOVED_PREFIX):
        for folder in runs_dir.glob(f"{prefix}*"):
            with suppress(FileNotFoundError):  # its owner may be renaming it just now
                if time.time() - folder.stat().st_mtime > LEFTOVER_AGE_S:
                    shutil.rmtree(folder, ignore_errors=True)


def with_old_checkpoint(entries: Iterable[RunEntry]) -> list[RunEntry]:
    """Evaluated runs that still have a checkpoint, but for pinned ones and the few that ended last.

    None where the environment does not say clearly how few: nothing is deleted on a guess.
    """
    try:
        kept = kept_checkpoints()
    except ConfigError:  # said where a server or a command starts; the queue goes on
        return []
    held = [
        entry
        for entry in entries
        if entry.state.state in EVALUATED
        and not entry.about.pinned
        and entry.state.checkpoint_step is not None
    ]
    return sorted(held, key=_ended_at, reverse=True)[kept:]


def drop_checkpoint(entry: RunEntry) -> bool:
    """Delete last.ckpt, where nobody holds the run; weights and figures stay. Returns whether it was done.

    Raises:
        StorageError: the run belongs to another user.
    """
    lock = Lock.take(entry.folder.lock_path)
    if lock is None:
        return False
    with lock:
        entry.folder.checkpoint_path.unlink(missing_ok=True)
        entry.folder.write_state(checkpoint_step=None)
    return True


def _ended_at(entry: RunEntry) -> float:
    """When a run ended; when it was made, where that was not recorded yet."""
    return entry.state.ended_at or entry.request.created_at
