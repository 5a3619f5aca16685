"""Each warning on made-up figures: when it comes, when it does not, and what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsdash.config import RunConfig
from rsdash.training.alerts import chance, loss_of_guessing, overfitting, plateau, starvation
from rsdash.training.balance import trained_shares

GUESSING = math.log(10)


@pytest.mark.parametrize(
    ("losses", "seen"),
    [
        ([GUESSING] * 3, True),
        ([GUESSING] * 2, False),  # too early
        ([2.4, 2.35, 2.2], False),
        ([math.inf] * 3, True),
        ([GUESSING] * 3 + [1.0], False),
    ],
)
def test_no_better_than_guessing(losses: list[float], seen: bool) -> None:
    alert = chance(losses, GUESSING)
    assert (alert is not None) == seen
    if alert:
        assert f"in epoch {len(losses)}: " in alert.message
        assert "guessing gives 2.30" in alert.message and "another learning rate" in alert.message


@pytest.mark.parametrize(
    ("losses", "seen"),
    [
        ([1.0, 0.7, 0.7, 0.71, 0.7, 0.72, 0.7], True),
        ([1.0, 0.7, 0.7, 0.71, 0.7, 0.72], False),  # four epochs since the lowest
        ([1.0, 0.7, 0.7, 0.71, 0.7, 0.72, 0.69], False),
        ([1.0, 0.7, 0.7, 0.71, 0.7, 0.72, 0.699], True),  # lower by a hair
        ([2.29] * 9, False),  # that is guessing, which has its own alert
        ([0.5 * 0.9**n for n in range(20)], False),
        ([], False),
        ([math.nan] * 9, False),
    ],
)
def test_plateau(losses: list[float], seen: bool) -> None:
    alert = plateau(losses, GUESSING)
    assert (alert is not None) == seen
    if alert:
        assert "not improved for 5 epochs: 0.700 was reached in epoch 2" in alert.message
        assert f"it is {losses[-1]:.3f} after epoch {len(losses)}" in alert.message


@pytest.mark.parametrize(
    ("train", "measured", "seen"),
    [
        (0.1, [1.0, 0.6, 0.67, 0.8, 0.7], True),
        (0.1, [1.0, 0.6, 0.8, 0.8, 0.6, 0.8], False),  # it came back meanwhile
        (0.4, [1.0, 0.6, 0.67, 0.8, 0.7], False),  # no gap
        (0.1, [1.0, 0.6, 0.62, 0.63, 0.64], False),  # a gap, but not risen
        (0.1, [1.0, 0.6, 0.9, 0.9], False),  # two epochs may be chance
        (0.1, [], False),
    ],
)
def test_overfitting(train: float, measured: list[float], seen: bool) -> None:
    alert = overfitting([train] * max(len(measured), 1), measured)
    assert (alert is not None) == seen
    if alert:
        assert "0.100" in alert.message and "0.700" in alert.message
        assert "in epoch 5 the loss" in alert.message
        assert "for 3 epochs it has lain above the 0.600 of epoch 2" in alert.message


@pytest.mark.parametrize(("data_s", "epoch", "seen"), [(5.0, 2, True), (3.0, 2, False), (5.0, 1, False)])
def test_starvation(data_s: float, epoch: int, seen: bool) -> None:
    alert = starvation(data_s, 10.0, epoch)
    assert (alert is not None) == seen
    if alert:
        assert alert.message.startswith("50% of the training time") and "(5.0 of 10.0 s)" in alert.message


def test_guessing_among_unlike_classes_is_judged_by_their_shares() -> None:
    labels = np.repeat([0, 1], [90, 10])
    shares = trained_shares(RunConfig(), labels, 2)
    stuck = loss_of_guessing(shares)
    assert stuck == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
    assert chance([stuck] * 3, stuck) and not chance([0.9 * stuck] * 3, stuck)
    for balance in ("weights", "sampling"):
        assert loss_of_guessing(trained_shares(RunConfig(balance=balance), labels, 2)) == math.log(2)
    smoothed = trained_shares(RunConfig(label_smoothing=0.1), labels, 3)
    assert smoothed == pytest.approx([0.81 + 0.1 / 3, 0.09 + 0.1 / 3, 0.1 / 3])


def test_what_came_before_a_change_is_not_told_again() -> None:
    still = [1.0] + 6 * [0.7]
    assert plateau(still, GUESSING, since=2) and not plateau(still, GUESSING, since=3)
    assert chance([GUESSING] * 5, GUESSING, since=2) and not chance([GUESSING] * 5, GUESSING, since=3)
    measured = [1.0, 0.6, 0.67, 0.8, 0.7]
    assert overfitting([0.1] * 5, measured, since=2) and not overfitting([0.1] * 5, measured, since=3)


def test_no_time_at_all_is_no_starvation() -> None:
    assert starvation(0.0, 0.0, 5) is None
