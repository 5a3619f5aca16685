"""What a run's records say to those who get a copy of it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rsdash.errors import RunError
from rsdash.report.bundle import bundle
from rsdash.report.facts import gather
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import HistoryReader
from rsdash.runs.sharing import records_to_share
from tests.finished import copy_run, edit, entries_in

PRIVATE = ("a-machine", "/home/somebody")


@pytest.fixture
def folder(runs_dir: Path) -> RunFolder:
    """A run that was killed once, on a machine whose disk was full."""
    folder = copy_run(runs_dir, "alexnet", 1)
    edit(folder.state_path, lambda state: state.update(host="a-machine", slot="cpu", checkpoint_step=12))
    folder.add_attempt({"attempt": 2, "host": "a-machine", "command": ["/home/somebody/rsdash"], "cores": 2})
    folder.log_event("alert", code="checkpoint", message="The disk that holds /home/somebody is full.")
    folder.log_event("alert", code="killed", message="Killed by signal 9.", log="in /home/somebody/x.py")
    return folder


def test_nothing_tells_of_the_machine_and_all_else_stays(folder: RunFolder) -> None:
    shared = records_to_share(folder)
    assert not [name for name, text in shared.items() if any(word in text for word in PRIVATE)]
    state = json.loads(shared["state.json"])
    here = json.loads(folder.state().model_dump_json())
    assert {name for name in here if here[name] != state[name]} == {"host", "slot", "checkpoint_step"}
    assert json.loads(shared["environment.json"])["attempts"][-1] == {"attempt": 2, "cores": 2}
    events = [json.loads(line) for line in shared["metrics.jsonl"].splitlines()]
    assert len(events) == len(list(read_lines(folder.metrics_path))) - 1
    assert events[-1]["message"] == "Killed by signal 9."


def test_the_history_reads_the_same(folder: RunFolder, tmp_path: Path) -> None:
    copy = tmp_path / "metrics.jsonl"
    copy.write_text(records_to_share(folder)["metrics.jsonl"])
    here, there = (HistoryReader(path).refresh() for path in (folder.metrics_path, copy))
    assert len(here.epochs["epoch"]) > 1
    for name, column in here.epochs.items():
        np.testing.assert_array_equal(there.epochs[name], column)


def test_a_bundle_tells_nothing_of_the_machine(folder: RunFolder, runs_dir: Path) -> None:
    copy_run(runs_dir, "resnet18", 2)
    with zipfile.ZipFile(io.BytesIO(bundle(gather(entries_in(runs_dir))))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert f"runs/{folder.id}/metrics.jsonl" in contents
    assert not [name for name, data in contents.items() if any(word.encode() in data for word in PRIVATE)]


def test_a_run_without_its_state_is_said(folder: RunFolder) -> None:
    folder.state_path.unlink()
    with pytest.raises(RunError, match=r"state\.json is missing"):
        records_to_share(folder)
