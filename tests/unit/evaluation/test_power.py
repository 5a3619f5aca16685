"""Numbers of images against published ones and against the exact power of the test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rsdash.evaluation.pairs import mcnemar_mid_p
from rsdash.evaluation.power import tiles_needed


def test_the_worked_examples_of_two_calculators() -> None:
    # Connor's formula, discordant cells 0.45 and 0.05: powerandsamplesize.com, McNemar's Z-test, 2-sided
    assert tiles_needed(0.5, 0.4) == 23
    # discordant cells 0.30 and 0.15: clinicaltrials-tools.vercel.app, McNemar's test
    assert tiles_needed(0.45, 0.15) == 155


@pytest.mark.parametrize(("discordant", "difference"), [(0.1, 0.03), (0.05, 0.02), (0.3, 0.08)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_images_give_the_power_that_was_asked_for(
    discordant: float, difference: float, power: float
) -> None:
    count = tiles_needed(discordant, difference, power=power)
    first = (discordant + difference) / 2 / discordant  # share of the discordant images
    achieved = 0.0
    disagreeing = np.arange(count + 1)
    for total, mass in zip(disagreeing, stats.binom.pmf(disagreeing, count, discordant), strict=True):
        if mass < 1e-7:
            continue
        b = np.arange(total + 1)
        shown = np.array([mcnemar_mid_p(int(k), int(total - k)) <= 0.05 for k in b])
        achieved += mass * stats.binom.pmf(b, total, first)[shown].sum()
    assert achieved == pytest.approx(power, abs=0.02)


def test_the_sign_of_the_difference_does_not_matter() -> None:
    assert tiles_needed(0.1, -0.02) == tiles_needed(0.1, 0.02)


@pytest.mark.parametrize("discordant", [0.0, 0.01, 0.02])
def test_models_cannot_disagree_less_than_they_differ(discordant: float) -> None:
    assert tiles_needed(discordant, 0.02) == tiles_needed(0.02, 0.02)


def test_a_difference_of_0_cannot_be_shown() -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        tiles_needed(0.1, 0.0)
