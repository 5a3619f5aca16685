"""Weights of an earlier run: found by id or unique name, and of the same network, before a run is queued."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsdash.config import make_grid
from rsdash.errors import ConfigError
from rsdash.jobs.first_weights import runs_with_weights, with_run_id
from rsdash.jobs.submit import submit, submit_grid
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.finished import copy_run, example_named
from tests.tiny import SMALL_MODEL, make_run, small_config

pytestmark = pytest.mark.usefixtures("data_place")


def trained(runs_dir: Path, name: str = "my best", **settings: Any) -> RunFolder:
    folder = make_run(runs_dir, name=name, state=RunState.FINISHED, **settings)
    folder.weights_path.touch()
    return folder


def test_a_name_becomes_the_id_in_what_is_queued(runs_dir: Path, tiles_dir: Path) -> None:
    earlier = trained(runs_dir)
    for named in ("my best", earlier.id):
        folder = submit(small_config(data=str(tiles_dir), weights=f"run:{named}"), runs_dir=runs_dir)
        assert folder.request().config.weights == f"run:{earlier.id}"


def test_each_run_of_a_grid_has_its_weights_found(runs_dir: Path, tiles_dir: Path) -> None:
    ids = [trained(runs_dir, name=name).id for name in ("first", "second")]
    varied = {"weights": ("run:first", "run:second")}
    cells = make_grid({**SMALL_MODEL, "data": str(tiles_dir)}, varied)
    queued = [folder.request().config.weights for folder in submit_grid(cells, runs_dir=runs_dir)]
    assert queued == [f"run:{run_id}" for run_id in ids]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"weights": "run:unheard of"}, ["There is no run 'unheard of'"]),
        ({"weights": "run:twins"}, ["2 runs are named 'twins'"]),
        ({"weights": "run:waiting"}, ["waiting", "queued", "weights=random"]),
        ({"weights": "run:my best", "width": 0.25}, ["run:my best", "width=0.125", "0.25"]),
        ({"weights": "run:my best", "norm": "batch"}, ["norm=default", "batch"]),
        (
            {"weights": "run:my best", "model": "resnet18", "width": 1.0, "hidden_layers": 2},
            ["those of alexnet", "the model is resnet18", "model=alexnet"],
        ),
    ],
    ids=str,
)
def test_weights_that_do_not_fit_are_refused_before_anything_is_queued(
    runs_dir: Path, tiles_dir: Path, changes: dict[str, Any], parts: list[str]
) -> None:
    trained(runs_dir)
    trained(runs_dir, name="twins")
    trained(runs_dir, name="twins")
    make_run(runs_dir, name="waiting")
    before = sorted(runs_dir.iterdir())
    with pytest.raises(ConfigError) as caught:
        submit(small_config(data=str(tiles_dir), **changes), runs_dir=runs_dir)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert caught.value.setting == "weights" and sorted(runs_dir.iterdir()) == before


def test_a_default_by_its_own_name_is_the_same_network(runs_dir: Path, tiles_dir: Path) -> None:
    trained(runs_dir)
    submit(small_config(data=str(tiles_dir), weights="run:my best", norm="lrn"), runs_dir=runs_dir)


def test_a_library_model_by_another_of_its_names_is_the_same_network(runs_dir: Path) -> None:
    changes = {"width": 1.0, "hidden_layers": 2}
    trained(runs_dir, model="vgg11", **changes)
    index = RunIndex(runs_dir)
    asked = small_config(model="torchvision/vgg11", weights="run:my best", **changes)
    assert with_run_id(asked, index.refresh).weights.startswith("run:2")
    with pytest.raises(ConfigError, match="those of vgg11"):
        with_run_id(asked.model_copy(update={"model": "timm/vgg11"}), index.refresh)


def test_only_evaluated_runs_of_the_model_that_have_weights_are_offered(runs_dir: Path) -> None:
    with_weights = copy_run(runs_dir, "resnet18", 1)
    with_weights.weights_path.touch()
    copy_run(runs_dir, "resnet18", 2)  # its weights are not here
    copy_run(runs_dir, "resnet18", 3, state="FAILED").weights_path.touch()
    copy_run(runs_dir, "alexnet", 4).weights_path.touch()
    listing = RunIndex(runs_dir, example_named("resnet18").path.parent).refresh()
    assert [entry.id for entry in runs_with_weights(listing, "resnet18")] == [with_weights.id]
