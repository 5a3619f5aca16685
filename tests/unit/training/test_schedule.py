"""The learning rate over a run, against values by hand and torch's own plateau rule; and its preview."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from rsdash.config import RunConfig
from rsdash.training.schedule import epochs_without_progress, plateau_cuts, preview_rates, rate_factor

STEPS = 3


def rates(steps_per_epoch: int, **settings: Any) -> list[float]:
    config = RunConfig(**settings)
    total = config.epochs * steps_per_epoch
    return [rate_factor(config, step, steps_per_epoch=steps_per_epoch) for step in range(total)]


def test_a_constant_rate_stays() -> None:
    assert rates(3, epochs=2) == [1.0] * 6


def test_cosine_falls_from_one_towards_zero() -> None:
    expected = [1.0, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]
    assert rates(2, epochs=2, schedule="cosine") == pytest.approx(expected)


def test_step_takes_a_tenth_after_each_third() -> None:
    assert rates(3, epochs=3, schedule="step") == pytest.approx([1] * 3 + [0.1] * 3 + [0.01] * 3)


def test_warm_up_rises_linearly_and_the_schedule_follows() -> None:
    found = rates(4, epochs=2, warmup_epochs=1, schedule="cosine")
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4:] == pytest.approx([1.0, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2])


def test_one_cycle_rises_over_3_tenths_and_falls_to_nearly_nothing() -> None:
    found = rates(101, epochs=1, schedule="one-cycle")
    assert found[0] == pytest.approx(1 / 25)
    assert found[15] == pytest.approx((1 / 25 + 1) / 2)
    assert found[30] == pytest.approx(1.0)
    assert found[65] == pytest.approx((1 + 1 / 25_000) / 2)
    assert found[100] == pytest.approx(1 / 25_000)
    assert max(found) == found[30]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "step", "plateau"])
def test_a_run_of_a_single_step_has_a_rate(schedule: str) -> None:
    [rate] = rates(1, epochs=1, schedule=schedule)
    assert 0 < rate <= 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("wait", [1, 2, 4])
def test_a_plateau_is_what_torch_calls_one(seed: int, wait: int) -> None:
    losses = np.random.default_rng(seed).normal(1, 0.1, 40).cumsum() / np.arange(1, 41)
    config = RunConfig(schedule="plateau", plateau_epochs=wait, plateau_factor=0.1, epochs=40)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    torchs = ReduceLROnPlateau(optimizer, factor=0.1, patience=wait - 1, min_lr=0, eps=0)
    expected, found = [], []
    for epoch, loss in enumerate(losses):
        torchs.step(loss)
        expected.append(optimizer.param_groups[0]["lr"])
        cuts = plateau_cuts(losses[: epoch + 1].tolist(), config)
        found.append(rate_factor(config, (epoch + 1) * STEPS, steps_per_epoch=STEPS, cuts=cuts))
    assert found == pytest.approx(expected)
    assert found[-1] < 1


def test_only_the_plateau_schedule_counts_falls() -> None:
    flat = [1.0] * 20
    assert plateau_cuts(flat, RunConfig(schedule="step")) == 0
    assert plateau_cuts(flat, RunConfig(schedule="plateau", plateau_epochs=4)) == 4


@pytest.mark.parametrize(
    ("losses", "idle"),
    [
        ([], 0),
        ([2.0], 0),
        ([2.0, 1.5, 1.6, 1.7], 2),
        ([2.0, 1.5, 1.49999], 1),  # less than a ten-thousandth is no progress
        ([2.0, math.nan, 3.0], 2),
        ([2.0, 3.0, 1.0], 0),
    ],
)
def test_epochs_without_progress_by_hand(losses: list[float], idle: int) -> None:
    assert epochs_without_progress(losses) == idle


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "step", "plateau"])
@pytest.mark.parametrize("epochs", [1, 15, 1_000])
def test_a_preview_is_the_rate_of_the_run(schedule: str, epochs: int) -> None:
    config = RunConfig.model_validate({"schedule": schedule, "epochs": epochs, "learning_rate": 0.2})
    preview = preview_rates(config)
    assert len(preview.epoch) == len(preview.rate) <= 500
    assert preview.epoch[0] == 0 and preview.epoch[-1] >= 0.99 * epochs
    exact = [
        0.2 * rate_factor(config, round(epoch * 1_000), steps_per_epoch=1_000) for epoch in preview.epoch
    ]
    unlike = [rate for rate, other in zip(preview.rate, exact, strict=True) if abs(rate - other) > 0.002]
    assert len(unlike) <= 2  # where a rate falls at once, rounding may take either side


def test_a_preview_shows_frozen_layers_and_the_faster_head() -> None:
    preview = preview_rates(RunConfig(epochs=4, frozen_epochs=1, head_rate_factor=3, learning_rate=0.1))
    frozen = [rate for epoch, rate in zip(preview.epoch, preview.rate, strict=True) if epoch < 1]
    learning = [rate for epoch, rate in zip(preview.epoch, preview.rate, strict=True) if epoch >= 1]
    assert set(frozen) == {0.0} and set(learning) == {0.1}
    assert preview.head_rate == pytest.approx([0.3] * len(preview.epoch))
