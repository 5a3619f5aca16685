"""The run folder: made whole or not at all, read with clear complaints, changed by legal moves only."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import RunError, RunNotFoundError, StorageError
from rsdash.runs.creating import create_run
from rsdash.runs.folder import RUN_ID, list_run_ids, new_run_id, open_run, remove_run
from rsdash.runs.parts import Parts
from rsdash.runs.states import RunState
from tests.tiny import make_run


@pytest.mark.parametrize("model", ["alexnet", "timm/vit_tiny.augreg in21k", "../../etc", "ÄÖ", "x" * 200])
def test_an_id_is_a_safe_name_whatever_the_model(model: str) -> None:
    assert RUN_ID.fullmatch(new_run_id(model))


def test_a_new_run_waits_and_reads_back(tmp_path: Path) -> None:
    folder = make_run(tmp_path, name="first", epochs=3)
    assert folder.state().state is RunState.QUEUED
    assert folder.about().name == "first"
    assert folder.request().config.epochs == 3
    assert folder.request().id == folder.id == folder.path.name
    assert Parts.read(folder.split_path).names["test"] == ("3.png",)
    assert folder.environment().attempts == ()
    assert open_run(tmp_path, folder.id) == folder
    assert list_run_ids(tmp_path) == [folder.id]


def test_a_failed_creation_leaves_nothing_behind(tmp_path: Path) -> None:
    request = make_run(tmp_path / "elsewhere").request()

    def write_split(path: Path) -> None:
        path.write_text("half")
        raise StorageError("full")

    with pytest.raises(StorageError):
        create_run(tmp_path / "runs", request, name="x", write_split=write_split)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_draft_is_no_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    folder.path.rename(tmp_path / f".new-{folder.id}")
    assert list_run_ids(tmp_path) == []
    with pytest.raises(RunNotFoundError):
        open_run(tmp_path, folder.id)


@pytest.mark.parametrize("run_id", ["..", "", "x/../y", "20260101-000000-alexnet-ABCDEF"])
def test_only_well_formed_ids_are_opened(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(RunNotFoundError, match="There is no run"):
        open_run(tmp_path, run_id)


def test_a_state_that_the_table_forbids_is_not_written(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    with pytest.raises(RunError, match="QUEUED to FINISHED"):
        folder.write_state(state=RunState.FINISHED)
    assert folder.state().state is RunState.QUEUED


def test_a_written_state_keeps_what_was_not_changed(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    before = folder.state()
    after = folder.write_state(state=RunState.STARTING, attempt=2)
    assert folder.state() == after
    assert (after.attempt, after.host) == (2, before.host)
    assert after.updated_at >= before.updated_at
    assert [path.name for path in folder.path.glob(".*")] == []


def test_a_role_is_read_by_its_name_of_today(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    summary = folder.state().summary.model_copy(update={"role": "validation selected on"})
    folder.write_state(summary=summary)
    assert folder.state().summary.role == "validation, used to choose"


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"state": "ASLEEP"}', b"\xff\xfe"])
def test_a_damaged_state_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    folder = make_run(tmp_path)
    folder.state_path.write_bytes(content)
    with pytest.raises(RunError, match=r"state\.json is damaged"):
        folder.state()


def test_attempts_add_up(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    folder.add_attempt({"attempt": 1})
    folder.add_attempt({"attempt": 2})
    assert [fact["attempt"] for fact in folder.environment().attempts] == [1, 2]


def test_the_tail_of_a_long_log_is_its_last_lines(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    assert folder.log_tail() == ""
    folder.log_path.write_text("\n".join(f"line {n}" for n in range(10_000)))
    assert folder.log_tail(lines=2) == "line 9998\nline 9999"


def test_a_removed_run_is_gone(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    remove_run(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", '{"train": {}}', '{"train": {"rows": ["a"], "names": []}}'])
def test_a_damaged_split_is_named_as_such(tmp_path: Path, content: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(content)
    with pytest.raises(RunError, match="missing or damaged"):
        Parts.read(path)


def test_a_folders_size_bears_files_that_vanish(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run(runs_dir)
    (folder.path / "last.ckpt").write_bytes(b"1234567")
    whole = folder.disk_bytes()
    assert whole == sum(path.stat().st_size for path in folder.path.iterdir())
    gone = folder.path / ".state.json.0.tmp"
    monkeypatch.setattr(Path, "iterdir", lambda path: iter([gone, folder.path / "last.ckpt"]))
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    assert folder.disk_bytes() == 7


def test_a_deleted_folder_has_no_size(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    remove_run(folder)
    assert folder.disk_bytes() == 0


def test_evaluations_are_listed_with_the_runs_own_first(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    assert folder.evaluation_paths() == {}
    for name in (
        "evaluation-b-all-images.npz",
        "evaluation.npz",
        "evaluation-a-80-20.npz",
        ".evaluation-c.npz",
    ):
        (folder.path / name).touch()
    names = {label: path.name for label, path in folder.evaluation_paths().items()}
    assert list(names.items()) == [
        ("own images", "evaluation.npz"),
        ("a-80-20", "evaluation-a-80-20.npz"),
        ("b-all-images", "evaluation-b-all-images.npz"),
    ]
