"""A run that began with another run's weights goes on without them."""

from __future__ import annotations

import numpy as np
import safetensors.torch
import torch

from rsdash.data import add_dataset
from rsdash.runs.folder import remove_run
from tests.sessions import go_on


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
