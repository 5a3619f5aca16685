"""A run folder made of files that come from elsewhere, already finished when it appears."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from rsdash.errors import storage_errors
from rsdash.files import write_text
from rsdash.runs.folder import DRAFT_PREFIX, RunFolder
from rsdash.runs.records import About, RunRequest, StateRecord


def adopt_run(
    runs_dir: Path,
    request: RunRequest,
    *,
    state: StateRecord,
    about: About,
    fill: Callable[[RunFolder], None],
) -> RunFolder:
    """Make a run folder under a temporary name, fill it, and rename it into place.

    Args:
        runs_dir: folder of run folders.
        request: content of config.json; its id names the folder.
        state: content of state.json: an ended state, as no worker ever held this run.
        about: content of about.json.
        fill: puts the other files there.

    Raises:
        StorageError: the disk is full or the place cannot be written; nothing is left behind.
    """
    draft = RunFolder(runs_dir / f"{DRAFT_PREFIX}{request.id}")
    try:
        with storage_errors(runs_dir):
            draft.path.mkdir(parents=True)
            fill(draft)
        for path, record in (
            (draft.path / "config.json", request),
            (draft.state_path, state),
            (draft.about_path, about),
        ):
            write_text(path, record.model_dump_json(indent=1))
        return RunFolder(draft.path.rename(runs_dir / request.id))
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise
