from __future__ import annotations

import numpy as np
import pytest

from rsdash.data.sample import SAMPLE_CLASSES, sample_tile


def test_the_classes_are_those_of_eurosat():
    assert SAMPLE_CLASSES == (
        "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop",
        "Residential", "River", "SeaLake",
    )  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE_CLASSES)
def test_a_tile_depends_on_class_and_index_alone(name):
    tile = sample_tile(name, 4)
    assert tile.shape == (64, 64, 3) and tile.dtype == np.uint8
    assert np.array_equal(tile, sample_tile(name, 4))
    assert not np.array_equal(tile, sample_tile(name, 5))
    assert tile.std() > 2


def test_mean_colour_alone_does_not_tell_the_classes_apart():
    means = np.array([[sample_tile(name, i).mean(axis=(0, 1)) for i in range(12)] for name in SAMPLE_CLASSES])
    centres = means[:, :6].mean(axis=1)
    distances = np.linalg.norm(means[:, 6:, None] - centres, axis=-1)
    correct = (distances.argmin(axis=-1) == np.arange(10)[:, None]).mean()
    assert 0.15 < correct < 0.6  # chance is 0.1
