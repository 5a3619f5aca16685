"""Space that finished runs give back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.jobs.requests import request_resume
from rsdash.jobs.runner import JobRunner
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.tiny import make_run, wait_for


def test_checkpoints_beyond_the_newest_go_as_soon_as_runs_have_ended(tmp_path: Path) -> None:
    folders = [make_run(tmp_path, name=f"run {number}", state=RunState.STOPPED) for number in range(5)]
    for folder in folders:
        folder.checkpoint_path.write_bytes(b"...")
        folder.write_state(checkpoint_step=7)
    folders[0].write_about(pinned=True)
    runner = JobRunner(tmp_path, RunIndex(tmp_path))
    runner.start()
    try:
        wait_for(
            lambda: not folders[1].checkpoint_path.exists(), "the oldest checkpoint to go", deadline_s=10
        )
    finally:
        runner.stop(suspend_workers=False)
    assert all(folder.checkpoint_path.exists() for folder in (folders[0], *folders[2:]))
    assert folders[1].state().checkpoint_step is None
    with pytest.raises(RunError, match="its checkpoint was deleted to save space"):
        request_resume(RunIndex(tmp_path).refresh().find(folders[1].id))
