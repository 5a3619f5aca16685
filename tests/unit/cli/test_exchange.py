"""`export` and `import` on the command line: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsdash.home import examples_dir
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.conftest import Command
from tests.exported import NAME, Exported
from tests.tiny import make_run, run_folders


@pytest.fixture
def home(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Exported:
    """The trained run's own runs folder and data folder."""
    monkeypatch.setenv("RSDASH_RUNS", str(exported.entry.folder.path.parent))
    monkeypatch.setenv("RSDASH_DATA", str(exported.bundle.parent / "data"))
    return exported


def test_export_names_files_sizes_and_the_difference(home: Exported, tmp_path, command: Command) -> None:
    code, output, _ = command("export", NAME, "--format", "onnx", "--out", tmp_path / "o")
    assert code == 0
    lines = output.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        str(path) for path in sorted((tmp_path / "o").iterdir())
    ]
    assert all(line.endswith(" MB") for line in lines[:-1])
    assert lines[-1].startswith("Largest difference of a logit, ONNX against the network: ")


def test_lines_of_json_tell_a_program_how_far_it_is(home: Exported, tmp_path, command: Command) -> None:
    arguments = ("export", home.entry.id, "--format", "safetensors", "--out", tmp_path / "weights")
    code, output, _ = command(*arguments, "--lines")
    assert code == 0
    *stages, last = [json.loads(line) for line in output.splitlines()]
    assert [set(stage) for stage in stages] == [{"done", "total", "words"}] * len(stages)
    assert last["result"]["path"] == str(tmp_path / "weights")


def test_import_makes_a_run_and_repeats_the_cautions(exported, runs_dir, command: Command) -> None:
    code, text, _ = command("import", exported.bundle, "--name", "theirs")
    assert code == 0
    entry = RunIndex(runs_dir).refresh().find("theirs")
    assert f"is now the run theirs ({entry.id})" in text
    assert "Other regions, seasons, sensors" in text


@pytest.mark.parametrize("format", ["safetensors", "onnx", "bundle"])
def test_what_cannot_be_exported_exits_2_with_one_line(runs_dir, tmp_path, format, command: Command) -> None:
    make_run(runs_dir, name="running", state=RunState.RUNNING)
    example = run_folders(examples_dir())[0]
    for name, words in (
        ("running", "is running"),
        ("nobody", "no run 'nobody'"),
        (example.id, "example without weights"),
    ):
        code, _, errors = command("export", name, "--format", format, "--out", tmp_path / "out")
        assert code == 2
        assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(tmp_path.glob("out*")) == []


def test_what_cannot_be_imported_exits_2_with_one_line(runs_dir, tmp_path: Path, command: Command) -> None:
    (tmp_path / "text.zip").write_text("hello")
    for name, words in (("text.zip", "no exported model"), ("nowhere.zip", "There is no file")):
        code, _, errors = command("import", tmp_path / name)
        assert code == 2
        assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(runs_dir.iterdir()) == []
