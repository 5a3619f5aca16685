"""Space that finished runs give back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.jobs.housekeeping import drop_checkpoint, with_old_checkpoint
from rsdash.jobs.requests import request_resume
from rsdash.jobs.runner import JobRunner
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.tiny import bring_to, make_run, wait_for


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
    with pytest.raises(RunError, match="cannot go on without a checkpoint"):
        request_resume(RunIndex(tmp_path).refresh().find(folders[1].id))


def old_ones(runs_dir: Path) -> list[str]:
    """Names of the runs whose checkpoints are to go."""
    return [entry.name for entry in with_old_checkpoint(RunIndex(runs_dir).refresh().entries)]


def end(folder: RunFolder) -> None:
    """Evaluate a queued run, and leave a checkpoint."""
    bring_to(folder, RunState.FINISHED)
    folder.write_state(checkpoint_step=7)


def test_a_run_that_ends_after_those_made_later_keeps_its_checkpoint(tmp_path: Path) -> None:
    slow, *quick = (make_run(tmp_path, name=name) for name in ("slow", "a", "b", "c"))
    for folder in (*quick, slow):
        end(folder)
    assert old_ones(tmp_path) == ["a"]
    quick[0].write_state(state=RunState.QUEUED)  # extended
    assert old_ones(tmp_path) == []
    end(quick[0])
    assert old_ones(tmp_path) == ["b"]


def test_a_checkpoint_that_went_does_not_let_others_go(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        end(make_run(tmp_path, name=name))
    [entry] = with_old_checkpoint(RunIndex(tmp_path).refresh().entries)
    assert entry.name == "a" and drop_checkpoint(entry)
    assert old_ones(tmp_path) == []
    assert entry.folder.state().ended_at == entry.state.ended_at


def test_runs_from_before_ends_were_recorded_go_by_their_making(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        folder = make_run(tmp_path, name=name)
        end(folder)
        folder.write_state(ended_at=0.0)
    assert old_ones(tmp_path) == ["a"]


@pytest.mark.parametrize("text", ["three", "-1"])
def test_a_mistyped_number_deletes_nothing_and_stops_no_queue(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c", "d"):
        end(make_run(tmp_path, name=name))
    monkeypatch.setenv("RSDASH_KEPT_CHECKPOINTS", text)
    assert old_ones(tmp_path) == []
    monkeypatch.setenv("RSDASH_KEPT_CHECKPOINTS", "0")
    assert sorted(old_ones(tmp_path)) == ["a", "b", "c", "d"]
