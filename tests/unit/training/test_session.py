"""A run from its folder to its end: what it needs to go on, and the device that it was given."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import safetensors.torch
import torch

from rsdash.data import add_dataset
from rsdash.runs.amendments import Amendment
from rsdash.runs.folder import RunFolder, remove_run
from rsdash.runs.states import RunState
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.control import Control, Request, Standing
from tests.sessions import go_on


def test_a_run_that_was_given_a_gpu_does_not_train_on_the_cpu_in_its_stead(
    tiles_dir, queue, monkeypatch: pytest.MonkeyPatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=1)
    run.write_state(slot="GPU-5ae1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-5ae1")
    assert not go_on(run)
    assert (run.state().state, "GPU-5ae1" in run.state().message) == (RunState.FAILED, True)


class Counting(Control):
    """Counts the checkpoints that are in memory while the run trains."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder, 0)
        self.counts: list[int] = []

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing and standing.step > 9:
            self.counts.append(held_checkpoints())
        return super().poll(standing)


def held_checkpoints() -> int:
    return sum(type(item) is Checkpoint for item in gc.get_objects())


def test_a_run_goes_on_when_the_weights_that_it_began_with_are_gone(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    first = queue("tiles", epochs=1, seed=5, limit_per_class=9)  # so that its images have another mean
    assert go_on(first)
    begun = {"epochs": 4, "weights": f"run:{first.id}"}
    twin, run = queue("tiles", **begun), queue("tiles", **begun)
    assert go_on(twin)
    assert not go_on(run, leave_after=8) and run.checkpoint_path.exists()
    remove_run(first)
    assert go_on(run)
    weights = [safetensors.torch.load_file(folder.weights_path) for folder in (twin, run)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    filters = [np.load(folder.filters_path) for folder in (twin, run)]
    assert np.array_equal(filters[0]["initial"], filters[1]["initial"])
    assert np.array_equal(filters[0]["latest"], filters[1]["latest"])


def test_a_checkpoint_is_let_go_of_once_the_run_goes_on(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    assert not go_on(run, leave_after=8)
    gc.collect()
    before, control = held_checkpoints(), Counting(run)
    assert go_on(run, control=control)
    assert control.counts and max(control.counts) <= before
