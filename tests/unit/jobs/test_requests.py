"""What is asked of a run, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.jobs.requests import delete_run, request_pause, request_stop
from rsdash.runs.lock import Lock
from rsdash.runs.states import RunState
from tests.holding import entry
from tests.tiny import make_run


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FINISHED])
def test_requests_that_cannot_be_carried_out_are_refused_when_asked(tmp_path: Path, state: RunState) -> None:
    folder = make_run(tmp_path, name="mine", state=state)
    for ask in (request_stop, request_pause):
        with pytest.raises(RunError, match=f"mine is {state.lower()} and cannot be"):
            ask(entry(folder))
    assert not folder.commands_path.exists()


def test_deleting_needs_an_ended_run_that_nobody_holds(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.CANCELLED)
    with Lock.take(folder.lock_path) or pytest.fail("no lock"), pytest.raises(RunError, match="still held"):
        delete_run(entry(folder))
    delete_run(entry(folder))
    assert not folder.path.exists()
