"""How a run folder comes to be: built under a temporary name, then renamed into place."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from rsdash.errors import storage_errors
from rsdash.files import write_text
from rsdash.runs.folder import DRAFT_PREFIX, RunFolder
from rsdash.runs.records import About, RunRequest, StateRecord
from rsdash.runs.states import RunState


def create_run(
    runs_dir: Path,
    request: RunRequest,
    *,
    name: str,
    write_split: Callable[[Path], None],
    tags: tuple[str, ...] = (),
) -> RunFolder:
    """Make a run folder in state QUEUED.

    Args:
        runs_dir: folder of run folders.
        request: content of config.json; its id names the folder.
        name: what a person calls the run.
        write_split: writes split.json to the path it is given.
        tags: words that it can be found by.

    Raises:
        StorageError: the disk is full or the place cannot be written; nothing is left behind.
    """
    return place_run(
        runs_dir,
        request,
        state=StateRecord(state=RunState.QUEUED, updated_at=time.time(), host=socket.gethostname()),
        about=About(name=name, tags=tags, queue_position=request.created_at),
        fill=lambda draft: write_split(draft.split_path),
    )


def place_run(
    runs_dir: Path,
    request: RunRequest,
    *,
    state: StateRecord,
    about: About,
    fill: Callable[[RunFolder], None],
) -> RunFolder:
    """Make a run folder in any state that no worker holds, such as one made of files from elsewhere.

    Args:
        runs_dir: folder of run folders.
        request: content of config.json; its id names the folder.
        state: content of state.json.
        about: content of about.json.
        fill: puts the other files there.

    Raises:
        StorageError: the disk is full or the place cannot be written; nothing is left behind.
    """
    draft = RunFolder(runs_dir / f"{DRAFT_PREFIX}{request.id}")
    records = ((draft.path / "config.json", request), (draft.state_path, state), (draft.about_path, about))
    try:
        with storage_errors(runs_dir):
            draft.path.mkdir(parents=True)
            fill(draft)
        for path, record in records:
            write_text(path, record.model_dump_json(indent=1))
        return RunFolder(draft.path.rename(runs_dir / request.id))
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise
