"""`export` and `import` on the command line: what they print, and their exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rsdash.cli import main
from rsdash.home import examples_dir
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.exported import NAME, Exported
from tests.tiny import make_run, run_folders


def call(*arguments: str, patch: pytest.MonkeyPatch) -> int:
    patch.setattr(sys, "argv", ["rsdash", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code if isinstance(ended.value.code, int) else 0


@pytest.fixture
def home(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Exported:
    """The trained run's own runs folder and data folder."""
    monkeypatch.setenv("RSDASH_RUNS", str(exported.entry.folder.path.parent))
    monkeypatch.setenv("RSDASH_DATA", str(exported.bundle.parent / "data"))
    return exported


def test_export_names_files_sizes_and_the_difference(home: Exported, tmp_path, monkeypatch, capsys) -> None:
    assert call("export", NAME, "--format", "onnx", "--out", str(tmp_path / "o"), patch=monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        str(path) for path in sorted((tmp_path / "o").iterdir())
    ]
    assert all(line.endswith(" MB") for line in lines[:-1])
    assert lines[-1].startswith("Largest difference of a logit, ONNX against the network: ")


def test_lines_of_json_tell_a_program_how_far_it_is(home: Exported, tmp_path, monkeypatch, capsys) -> None:
    arguments = ("export", home.entry.id, "--format", "safetensors", "--out", str(tmp_path / "weights"))
    assert call(*arguments, "--lines", patch=monkeypatch) == 0
    *stages, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(stage) for stage in stages] == [{"done", "total", "words"}] * len(stages)
    assert last["result"]["path"] == str(tmp_path / "weights")


def test_import_makes_a_run_and_repeats_the_cautions(exported, runs_dir, monkeypatch, capsys) -> None:
    assert call("import", str(exported.bundle), "--name", "theirs", patch=monkeypatch) == 0
    text = capsys.readouterr().out
    entry = RunIndex(runs_dir).refresh().find("theirs")
    assert f"is now the run theirs ({entry.id})" in text
    assert "Other regions, seasons, sensors" in text


@pytest.mark.parametrize("format", ["safetensors", "onnx", "bundle"])
def test_what_cannot_be_exported_exits_2_with_one_line(
    runs_dir, tmp_path, format, monkeypatch, capsys
) -> None:
    make_run(runs_dir, name="running", state=RunState.RUNNING)
    example = run_folders(examples_dir())[0]
    for name, words in (
        ("running", "is running"),
        ("nobody", "no run 'nobody'"),
        (example.id, "example without weights"),
    ):
        out = str(tmp_path / "out")
        assert call("export", name, "--format", format, "--out", out, patch=monkeypatch) == 2
        errors = capsys.readouterr().err
        assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(tmp_path.glob("out*")) == []


def test_what_cannot_be_imported_exits_2_with_one_line(runs_dir, tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "text.zip").write_text("hello")
    for name, words in (("text.zip", "no exported model"), ("nowhere.zip", "There is no file")):
        assert call("import", str(tmp_path / name), patch=monkeypatch) == 2
        errors = capsys.readouterr().err
        assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(runs_dir.iterdir()) == []
