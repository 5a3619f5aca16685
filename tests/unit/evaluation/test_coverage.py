"""The 95 % intervals hold the truth about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import (
    ACCURACIES,
    APART,
    BAR,
    CLASSES,
    COUNTS,
    Setting,
    image_coverage,
    in_words,
    matrix_coverage,
    pair_coverage,
    pair_outcomes,
    population,
    seed_coverage,
    share_holding,
    within_bar,
)
from rsdash.evaluation.intervals import Interval


def test_the_population_has_the_accuracy_and_the_balance_that_it_states() -> None:
    for accuracy in ACCURACIES:
        shares = population(accuracy)
        assert np.trace(shares) == pytest.approx(accuracy) and (shares >= 0).all()
        assert shares.sum(axis=1) == pytest.approx(np.full(CLASSES, 1 / CLASSES))
        assert np.ptp(np.diag(shares) * CLASSES) > 0.05
        first_only, second_only, _ = pair_outcomes(Setting(accuracy, 400)).mean(axis=0)
        assert first_only - second_only == pytest.approx(APART) and second_only > 0


def test_an_interval_that_is_too_short_is_found_out() -> None:
    rng = np.random.default_rng(0)
    means, half = rng.normal(0, 1, 2000), 1.96 * 0.8
    share = share_holding((Interval(mean - half, mean + half) for mean in means), 0.0)
    assert not within_bar([share])
    assert share_holding([None, Interval(0, 1)], 0.5) == 0.5


def test_few_classes_in_a_small_test_set() -> None:
    shares = matrix_coverage(Setting(0.8, 200, classes=3), 2000, draws=300, names=("macro F1", "kappa"))
    assert within_bar(shares.values()), in_words(shares)


def test_pairs_and_seeds() -> None:
    shares = {"pair": pair_coverage(Setting(0.8, 400), 2000, draws=1000), **seed_coverage(2000)}
    assert within_bar(shares.values()), in_words(shares)


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_the_whole_table(accuracy: float, count: int) -> None:
    shares = image_coverage(Setting(accuracy, count), 2000)
    assert within_bar(shares.values()), f"{in_words(shares)} not within {BAR}"
