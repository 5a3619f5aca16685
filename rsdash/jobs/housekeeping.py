"""Keeping disk use in bounds: optimizer state is kept for the newest runs and pinned ones only."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rsdash.runs.index import RunEntry
from rsdash.runs.lock import Lock
from rsdash.runs.states import EVALUATED

KEPT_VARIABLE = "RSDASH_KEPT_CHECKPOINTS"
KEPT_DEFAULT = 3


def drop_old_checkpoints(entries: Sequence[RunEntry]) -> None:
    """Delete last.ckpt of evaluated runs beyond the newest few; weights and figures stay.

    Args:
        entries: all runs of a folder, newest first.
    """
    kept = int(os.environ.get(KEPT_VARIABLE) or KEPT_DEFAULT)
    evaluated = [entry for entry in entries if entry.state.state in EVALUATED and not entry.about.pinned]
    for entry in evaluated[kept:]:
        if entry.folder.checkpoint_path.exists() and (lock := Lock.take(entry.folder.lock_path)):
            with lock:
                entry.folder.checkpoint_path.unlink(missing_ok=True)
                entry.folder.write_state(checkpoint_step=None)
