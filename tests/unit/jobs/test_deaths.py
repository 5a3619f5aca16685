"""Runs whose worker is gone: deaths are recorded, and only a shutdown's run resumes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.jobs.unattended import interrupt, may_resume_itself, requeue
from rsdash.runs.events import read_lines
from rsdash.runs.records import StateRecord
from rsdash.runs.states import LIVING, Interruption, RunState
from tests.tiny import make_run


@pytest.mark.parametrize("state", sorted(LIVING))
@pytest.mark.parametrize(
    ("exit_code", "reason", "words"),
    [
        (None, Interruption.VANISHED, "nobody saw it end"),
        (-9, Interruption.KILLED, "SIGKILL (out of memory"),
        (-250, Interruption.KILLED, "signal 250"),
        (3, Interruption.KILLED, "exit code 3"),
    ],
)
def test_a_death_is_recorded_with_its_cause_and_last_words(
    tmp_path: Path, state: RunState, exit_code: int | None, reason: Interruption, words: str
) -> None:
    folder = make_run(tmp_path, state=state)
    folder.log_path.write_text("one\nlast words\n")
    folder.metrics_path.write_bytes(b'{"kind":"torn')
    assert interrupt(folder, exit_code=exit_code)
    after = folder.state()
    assert (after.state, after.reason) == (RunState.INTERRUPTED, reason)
    assert words in after.message
    [alert] = [line.fields for line in read_lines(folder.metrics_path)]
    assert (alert["kind"], alert["code"]) == ("alert", reason.value)
    assert "last words" in alert["log"]


def test_a_worker_that_wrote_its_end_before_it_died_is_believed(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.FINISHED)
    interrupt(folder, exit_code=-9)
    assert folder.state().state is RunState.FINISHED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"fruitless": 1}, True),
        ({"fruitless": 2}, False),
        ({"host": "other"}, False),
        ({"reason": Interruption.SUSPENDED}, False),
        ({"reason": Interruption.KILLED}, False),
        ({"reason": Interruption.VANISHED}, False),
        ({"state": RunState.FAILED, "reason": None}, False),
    ],
    ids=str,
)
def test_only_a_shutdown_on_this_host_resumes_by_itself(changes: dict[str, object], expected: bool) -> None:
    state = StateRecord(state=RunState.INTERRUPTED, reason=Interruption.SHUTDOWN, host="here")
    assert may_resume_itself(state.model_copy(update=changes), host="here") is expected


def test_a_run_that_resumes_by_itself_keeps_its_place(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED)
    place = folder.about().queue_position
    assert requeue(folder)
    assert (folder.state().state, folder.about().queue_position) == (RunState.QUEUED, place)


def test_a_checkpoint_that_was_half_written_when_its_worker_died_is_removed(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.RUNNING)
    torn, whole = folder.path / ".last.ckpt.0a1b2c3d.tmp", folder.path / ".about.json.0a1b2c3d.tmp"
    torn.write_bytes(b"half")
    whole.write_bytes(b"a page may be writing this")
    interrupt(folder, exit_code=-9)
    assert not torn.exists() and whole.exists()
