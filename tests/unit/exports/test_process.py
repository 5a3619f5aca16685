"""Exports and imports in a process of their own: real ones, refused ones, and stopped ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.exports import process
from rsdash.exports.process import export_for_download, exports_dir, import_into, offered
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.exported import NAME, Exported
from tests.tiny import make_run


class _StoppedError(Exception):
    pass


def test_a_real_import_tells_how_far_it_is(exported: Exported, runs_dir: Path, data_place: Path) -> None:
    told: list[tuple[int, int]] = []
    found = import_into(runs_dir, exported.bundle, lambda done, total: told.append((done, total)))
    assert found.name == NAME and found.run_id == RunIndex(runs_dir).refresh().find(NAME).id
    assert told[0] == (0, 0) and told == sorted(told) and told[-1][1] == 3


def test_a_refusal_is_the_commands_sentence(runs_dir: Path, data_place: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^There is no file .*nowhere\.zip\.$"):
        import_into(runs_dir, tmp_path / "nowhere.zip", lambda *_: None)
    folder = make_run(runs_dir, state=RunState.RUNNING)
    with pytest.raises(RunError, match="can be exported once it is finished"):
        export_for_download(folder, lambda *_: None)
    assert offered(folder) is None and list(exports_dir().iterdir()) == []


def test_one_that_is_stopped_leaves_nothing_half_made(
    exported: Exported, runs_dir: Path, data_place: Path
) -> None:
    def stop(done: int, total: int) -> None:
        if total:
            raise _StoppedError

    started = time.monotonic()
    with pytest.raises(_StoppedError):
        import_into(runs_dir, exported.bundle, stop)
    assert time.monotonic() - started < 60
    listing = RunIndex(runs_dir).refresh()
    assert listing.problems == ()
    for entry in listing.entries:  # none, unless the last stage was done before the stop arrived
        assert entry.state.state is RunState.FINISHED and entry.folder.weights_path.is_file()


def test_only_the_newest_zips_stay(data_place: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run(runs_dir, state=RunState.FINISHED)
    folder.weights_path.write_bytes(b"weights")
    exports_dir().mkdir(parents=True)
    for age in range(5):
        path = exports_dir() / (f"{folder.id}.zip" if age == 0 else f"old{age}.zip")
        path.write_bytes(b"zip")
        os.utime(path, (time.time() + 10 - age, time.time() + 10 - age))
    told = {"format": "bundle", "path": "", "files": [], "largest_difference": 0.0}
    monkeypatch.setattr(process, "_followed", lambda *_: told)
    export_for_download(folder, lambda *_: None)
    assert sorted(path.name for path in exports_dir().iterdir()) == sorted(
        [f"{folder.id}.zip", "old1.zip", "old2.zip"]
    )
    assert offered(folder) == exports_dir() / f"{folder.id}.zip"
