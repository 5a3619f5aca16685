"""What cannot be trained is refused before anything is written, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsdash.config import RunConfig, make_grid
from rsdash.errors import RsdashError, StorageError
from rsdash.jobs.submit import make_name, submit, submit_grid
from rsdash.runs.creating import create_run
from rsdash.runs.folder import RunFolder
from rsdash.runs.parts import Parts
from rsdash.runs.states import RunState
from tests.tiny import SMALL_MODEL, small_config

pytestmark = pytest.mark.usefixtures("data_place")


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"batch_size": 49}, ["batch_size=49", "48 images", "48 or less"]),
        ({"model": "alexnot", "width": 1.0, "hidden_layers": 2}, ["alexnot", "alexnet"]),
        ({"weights": "packaged"}, ["packaged", "alexnet"]),
        ({"weights": "file:/nowhere.safetensors"}, ["/nowhere.safetensors"]),
        ({"im_size": 40}, ["alexnet", "at least 63 px", "40"]),
        ({"device": "cuda:99"}, ["device=cuda:99", "auto or cpu"]),
        ({"device": "GPU-0000"}, ["device=GPU-0000"]),
        ({"split": "north-south"}, ["north-south"]),
        ({"data": "nowhere"}, ["nowhere", "sample"]),
        ({"data": "eurosat"}, ["eurosat", "download"]),
    ],
    ids=str,
)
def test_a_refusal_is_one_sentence_or_two_and_writes_no_run(
    runs_dir: Path, tiles_dir: Path, changes: dict[str, Any], parts: list[str]
) -> None:
    config = small_config(**{"data": str(tiles_dir), **changes})
    with pytest.raises(RsdashError) as caught:
        submit(config, runs_dir=runs_dir)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert list(runs_dir.iterdir()) == []


def test_mps_is_refused_where_there_is_none(
    runs_dir: Path, tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(RsdashError, match="device=mps"):
        submit(small_config(data=str(tiles_dir), device="mps"), runs_dir=runs_dir)


def test_the_largest_possible_batch_is_queued_with_all_that_a_worker_needs(
    runs_dir: Path, tiles_dir: Path
) -> None:
    folder = submit(small_config(data=str(tiles_dir), batch_size=48), runs_dir=runs_dir, name="mine")
    assert folder.state().state is RunState.QUEUED
    assert folder.about().name == "mine"
    request = folder.request()
    assert request.config.data == request.data.name == "tiles"
    assert request.data.classes == ("Forest", "Lake", "Road")
    assert request.data.counts == {"train": 48, "validation": 0, "test": 12}
    parts = Parts.read(folder.split_path)
    names = [name for part in ("train", "validation", "test") for name in parts.names[part]]
    assert sorted(names) == sorted(str(path.relative_to(tiles_dir)) for path in tiles_dir.rglob("*.png"))


def test_a_made_name_differs_from_those_that_are_taken() -> None:
    config = RunConfig(model="resnet18", data="eurosat", seed=3)
    assert make_name(config, []) == "resnet18-eurosat-seed3"
    taken = {"resnet18-eurosat-seed3", "resnet18-eurosat-seed3-2"}
    assert make_name(config, taken) == "resnet18-eurosat-seed3-3"
    assert make_name(RunConfig(model="timm/vit"), []) == "timm-vit-sample-seed0"


def test_the_runs_of_a_grid_share_a_tag_and_wait_in_their_order(runs_dir: Path, tiles_dir: Path) -> None:
    values = {**SMALL_MODEL, "data": str(tiles_dir)}
    cells = make_grid(values, {"learning_rate": ("0.001", "0.01"), "seed": ("0", "1")})
    folders = submit_grid(cells, runs_dir=runs_dir, taken_names=["alexnet-tiles-seed1-learning_rate=0.001"])
    assert [folder.about().name for folder in folders] == [
        "alexnet-tiles-seed0-learning_rate=0.001",
        "alexnet-tiles-seed1-learning_rate=0.001-2",
        "alexnet-tiles-seed0-learning_rate=0.01",
        "alexnet-tiles-seed1-learning_rate=0.01",
    ]
    positions = [folder.about().queue_position for folder in folders]
    assert positions == sorted(positions) and len(set(positions)) == 4
    [tags] = {folder.about().tags for folder in folders}
    assert len(tags) == 1 and tags[0].startswith("grid-")
    assert [folder.request().config.learning_rate for folder in folders] == [0.001, 0.001, 0.01, 0.01]
    named = submit_grid(cells, runs_dir=runs_dir, name="rates")
    assert named[3].about().name == "rates-learning_rate=0.01-seed=1"
    assert named[0].about().tags != tags


def test_one_run_that_does_not_fit_keeps_the_whole_grid_from_the_queue(
    runs_dir: Path, tiles_dir: Path
) -> None:
    values = {**SMALL_MODEL, "data": str(tiles_dir)}
    cells = make_grid(values, {"batch_size": ("8", "16", "49")})
    with pytest.raises(RsdashError, match="batch_size=49 is larger than the training split of 48"):
        submit_grid(cells, runs_dir=runs_dir)
    assert list(runs_dir.iterdir()) == []


def test_a_grid_that_finds_no_room_leaves_none_of_its_runs_behind(
    runs_dir: Path, tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {**SMALL_MODEL, "data": str(tiles_dir)}
    cells = make_grid(values, {"learning_rate": ("0.1", "0.01", "0.001")})
    made: list[RunFolder] = []

    def create(*given: Any, **fields: Any) -> RunFolder:
        if len(made) == 2:
            raise StorageError("The disk is full.")
        made.append(create_run(*given, **fields))
        if len(made) == 1:
            made[0].begin_attempt()  # a worker takes the first at once
        return made[-1]

    monkeypatch.setattr("rsdash.jobs.submit.create_run", create)
    with pytest.raises(StorageError):
        submit_grid(cells, runs_dir=runs_dir)
    assert list(runs_dir.iterdir()) == [made[0].path]
