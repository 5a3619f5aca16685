"""Classes of unlike size: weights as scikit-learn gives them, orders that draw every class alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rsdash.config import RunConfig
from rsdash.training.balance import balanced_order, class_weights
from rsdash.training.batches import epoch_order

LABELS = np.repeat([0, 1, 2], [60, 30, 10])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_weights_are_inverse_to_the_number_of_images_and_one_on_average() -> None:
    found = class_weights(LABELS, 3)
    assert found.tolist() == pytest.approx([100 / 180, 100 / 90, 100 / 30])
    assert float(found[torch.from_numpy(LABELS)].mean()) == pytest.approx(1)


def test_a_class_without_training_images_has_a_finite_weight() -> None:
    assert class_weights(np.array([0, 0, 2]), 3).tolist() == pytest.approx([0.5, 1.0, 1.0])


def test_every_class_is_drawn_equally_often_and_no_image_more_than_needed() -> None:
    order = balanced_order(LABELS, generator()).numpy()
    assert sorted(np.bincount(LABELS[order])) == [33, 33, 34]
    times = np.bincount(order, minlength=100)
    assert times[:60].max() == 1  # a large class: nobody twice
    assert set(times[60:90]) <= {1, 2} and set(times[90:]) <= {3, 4}


def test_classes_are_mixed_within_an_epoch_and_epochs_differ() -> None:
    config = RunConfig(balance="sampling", seed=4)
    first, again, second = (epoch_order(LABELS, config, epoch) for epoch in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert 5 < (LABELS[first[:33].numpy()] == 0).sum() < 20


def test_without_balance_every_image_comes_once() -> None:
    for balance in ("none", "weights"):
        order = epoch_order(LABELS, RunConfig.model_validate({"balance": balance}), 0)
        assert sorted(order.tolist()) == list(range(100))


def test_fewer_images_than_classes_are_drawn_too() -> None:
    assert sorted(balanced_order(np.array([3, 5]), generator()).tolist()) == [0, 1]
