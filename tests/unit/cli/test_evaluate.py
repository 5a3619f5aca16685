"""`python -m rsdash evaluate`: what it prints and stores, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from rsdash.data import add_dataset
from rsdash.home import examples_dir
from rsdash.jobs.submit import submit
from rsdash.runs.folder import RunFolder
from tests.conftest import Command
from tests.sessions import go_on
from tests.tiny import run_folders, small_config


@pytest.fixture
def run(tiles_dir: Path, runs_dir: Path, data_place: Path) -> RunFolder:
    add_dataset(tiles_dir)
    threads = torch.get_num_threads()
    folder = submit(small_config(data="tiles", epochs=1), runs_dir=runs_dir, name="mine")
    try:
        assert go_on(folder)
    finally:
        torch.set_num_threads(threads)
    return folder


def test_figures_and_notes_are_printed_and_stored(run: RunFolder, command: Command) -> None:
    code, output, _ = command("evaluate", "mine", "--data", "tiles")
    assert code == 0
    text = output.replace("\n", " ")
    assert "mine on tiles, all images: accuracy" in text and "on 12 images (held-out)" in text
    assert "48 images that mine trained on are left out." in text
    assert (run.path / "evaluation-tiles-all-images.npz").is_file()
    split = run.request().data.split
    code, output, _ = command("evaluate", "mine", "--data", "tiles", "--split", split, "--json")
    assert code == 0
    result = json.loads(output)
    assert (result["run"], result["split"], result["images"]) == (run.id, split, 12)
    assert result["accuracy"] == pytest.approx(run.state().summary.accuracy)
    assert result["accuracy_low"] < result["accuracy"] or result["accuracy"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mine", "--data", "nowhere"), "no data set 'nowhere'"),
        (("mine", "--data", "tiles", "--split", "none"), "no split 'none'"),
        (("nobody", "--data", "tiles"), "no run 'nobody'"),
    ],
)
def test_what_does_not_fit_exits_2_with_one_line(run, arguments, words, command: Command) -> None:
    code, _, errors = command("evaluate", *arguments)
    assert code == 2
    assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(run.evaluation_paths()) == ["own images"]


def test_an_example_has_no_weights_to_evaluate(runs_dir, data_place, command: Command) -> None:
    example = run_folders(examples_dir())[0]
    code, _, errors = command("evaluate", example.id, "--data", "sample")
    assert code == 2 and "example without weights" in errors
