"""Sweeps over learning rates: what they suggest on curves whose steepest point is known, and on a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rsdash.training.material import Network
from rsdash.training.rate_choice import (
    HIGHEST,
    LOWEST,
    RISEN,
    STEPS,
    has_risen,
    smoothed,
    suggested_rate,
    swept_rates,
)
from rsdash.training.rate_sweep import sweep
from tests.loop import CPU, material, recipe


def falling(middle: float) -> np.ndarray:
    """A loss that falls from 2.3 to 0.8 along a logistic curve, steepest at a rate, and then rises."""
    place = np.log10(swept_rates())
    fall = 2.3 - 1.5 / (1 + np.exp(-3 * (place - np.log10(middle))))
    return fall + np.exp(4 * (place - np.log10(middle) - 2))


@pytest.mark.parametrize("middle", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_suggestion_is_where_a_known_curve_is_steepest(middle: float, noise: float) -> None:
    losses = falling(middle) + np.random.default_rng(1).normal(0, noise, STEPS)
    found = suggested_rate(swept_rates().tolist(), losses.tolist())
    assert found is not None
    assert abs(np.log10(found / middle)) < (0.1 if noise == 0 else 0.5)


def test_a_loss_that_does_not_fall_suggests_nothing() -> None:
    rates = swept_rates().tolist()
    noise = np.random.default_rng(0).normal(0, 0.05, STEPS)
    assert suggested_rate(rates, (2.3 + noise).tolist()) is None
    assert suggested_rate(rates, np.linspace(2.3, 9, STEPS).tolist()) is None
    assert suggested_rate(rates[:2], [2.3, 1.0]) is None


def test_smoothing_keeps_a_line_in_its_middle_and_shifts_nothing() -> None:
    line = np.linspace(3, 1, 60)
    assert smoothed(line.tolist())[15:45] == pytest.approx(line[15:45], abs=1e-3)
    peak = np.zeros(41)
    peak[20] = 1
    even = smoothed(peak.tolist())
    assert even.argmax() == 20 and even == pytest.approx(even[::-1])


def test_a_sweep_has_seen_enough_once_the_loss_is_4_times_its_lowest() -> None:
    assert not has_risen([2.0, 1.9, 1.0, 1.1, 3.0])  # one bad batch does not end it
    assert has_risen([2.0, 1.0, *[RISEN * 1.6] * 12])
    assert has_risen([2.0, float("nan")])
    assert not has_risen([])


def test_the_rates_are_evenly_spaced_in_their_logarithm() -> None:
    rates = swept_rates()
    assert (rates[0], rates[-1], len(rates)) == (pytest.approx(LOWEST), pytest.approx(HIGHEST), STEPS)
    assert np.diff(np.log10(rates)) == pytest.approx(1 / 12)


def swept(**changes: Any) -> tuple[list[tuple[float, float]], nn.Module]:
    torch.set_num_threads(1)
    config = recipe("unfreezing", frozen_epochs=0, **changes)
    parts = material(config)
    return list(sweep(config, Network(parts.model, parts.head), parts.training, CPU)), parts.model


def test_a_network_is_swept_until_its_loss_has_risen_and_always_the_same_way() -> None:
    first, _ = swept()
    rates, losses = zip(*first, strict=True)
    assert list(rates) == pytest.approx(swept_rates()[: len(rates)].tolist())
    assert 20 < len(first) < STEPS
    assert min(losses[20:]) < 0.8 * losses[0] and losses[-1] > 2 * min(losses)
    assert swept()[0] == first
    assert suggested_rate(rates, losses) is not None
    other, _ = swept(learning_rate=0.5, schedule="step")
    assert other == first  # rate and schedule of the form play no part


def test_frozen_layers_stay_as_in_the_first_epoch_of_the_run() -> None:
    torch.set_num_threads(1)
    config = recipe("unfreezing", ema_decay=0.0)
    parts = material(config)
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}
    steps = sweep(config, Network(parts.model, parts.head), parts.training, CPU)
    for _ in range(40):
        next(steps)
    now = parts.model.state_dict()
    assert {name for name in now if not torch.equal(now[name], before[name])} == parts.head
