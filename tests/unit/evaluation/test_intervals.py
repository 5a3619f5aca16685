"""Intervals against statsmodels and scipy, and the bootstrap against drawing tiles one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from rsdash.evaluation import matrix
from rsdash.evaluation.figures import confusion_of
from rsdash.evaluation.intervals import (
    FEWEST_GROUPS,
    Interval,
    bootstrap_confusion,
    cluster_bootstrap,
    mean_interval,
    wilson_bounds,
    wilson_interval,
)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (0, 30), (29, 30), (977, 1000)])
def test_wilson_agrees_with_statsmodels(right: int, count: int, confidence: float) -> None:
    found = wilson_interval(right, count, confidence=confidence)
    low, high = proportion_confint(right, count, alpha=1 - confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_wilson_has_no_ends_for_no_images() -> None:
    low, high = wilson_bounds(np.array([0, 3]), np.array([0, 4]))
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]


def test_the_half_width_is_what_stands_behind_plus_minus() -> None:
    assert Interval(0.9, 0.96).half_width == pytest.approx(0.03)


@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_interval_of_a_mean_agrees_with_scipy(count: int) -> None:
    values = np.random.default_rng(count).normal(0.9, 0.01, size=count)
    low, high = stats.t.interval(0.95, count - 1, loc=values.mean(), scale=stats.sem(values))
    found = mean_interval(values)
    assert found and (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


def test_one_value_has_no_interval() -> None:
    assert mean_interval(np.array([0.9])) is None


def sample(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of three classes, and guesses that are mostly right."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, size=count, p=[0.5, 0.3, 0.2])
    wrong = rng.random(count) < np.array([0.1, 0.2, 0.4])[labels]
    return labels, np.where(wrong, (labels + 1) % 3, labels)


def test_the_bootstrap_agrees_with_scipys_over_single_tiles() -> None:
    labels, guesses = sample(150)

    def f1(labels: np.ndarray, guesses: np.ndarray) -> float:
        pairs = [(labels == k, guesses == k) for k in range(3)]
        return float(np.mean([2 * (true & said).sum() / (true.sum() + said.sum()) for true, said in pairs]))

    assert f1(labels, guesses) == pytest.approx(metrics.f1_score(labels, guesses, average="macro"))
    theirs = stats.bootstrap(
        (labels, guesses), f1, paired=True, vectorized=False, n_resamples=4000, method="BCa", rng=1
    ).confidence_interval
    statistics = {"f1": matrix.macro_f1}
    found = bootstrap_confusion(confusion_of(labels, guesses, 3), statistics, draws=20_000)["f1"]
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_the_same_seed_gives_the_same_interval() -> None:
    confusion = confusion_of(*sample(100), 3)
    first, again, other = (
        bootstrap_confusion(confusion, {"kappa": matrix.kappa}, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_drawing_in_portions_changes_nothing_but_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    confusion = confusion_of(*sample(100), 3)
    whole = bootstrap_confusion(confusion, {"kappa": matrix.kappa})
    monkeypatch.setattr("rsdash.evaluation.intervals.CHUNK_CELLS", 50)
    assert bootstrap_confusion(confusion, {"kappa": matrix.kappa}) == whole


def test_a_statistic_that_cannot_vary_has_no_interval() -> None:
    assert bootstrap_confusion(np.diag([5, 5]), {"kappa": matrix.kappa}) == {}
    assert bootstrap_confusion(np.array([[1, 0], [0, 0]]), {"kappa": matrix.kappa}) == {}


@pytest.mark.parametrize("groups", [20, 60])
def test_drawing_equal_groups_agrees_with_the_t_interval_of_their_means(groups: int) -> None:
    surplus = np.random.default_rng(3).integers(-5, 6, size=groups)
    totals = np.stack([surplus, np.full(groups, 10)], axis=1)
    statistics = {"mean": lambda sums: sums[:, 0] / sums[:, 1]}
    found = cluster_bootstrap(totals, statistics, draws=20_000)["mean"]
    means = surplus / 10
    low, high = stats.t.interval(0.95, groups - 1, loc=means.mean(), scale=stats.sem(means))
    assert found.half_width == pytest.approx((high - low) / 2, rel=0.05)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)


def test_groups_of_one_image_are_independent_images() -> None:
    labels, guesses = sample(120)
    single = np.zeros((120, 3, 3))
    single[np.arange(120), labels, guesses] = 1
    statistics = {"kappa": matrix.kappa, "f1": matrix.macro_f1}
    grouped = cluster_bootstrap(single, statistics, draws=20_000)
    alone = bootstrap_confusion(confusion_of(labels, guesses, 3), statistics, draws=20_000)
    for name in statistics:
        ends = (grouped[name].low, grouped[name].high)
        assert ends == pytest.approx((alone[name].low, alone[name].high), abs=0.01)


def test_too_few_groups_have_no_interval() -> None:
    totals = np.stack([np.arange(FEWEST_GROUPS - 1), np.full(FEWEST_GROUPS - 1, 50)], axis=1)
    assert cluster_bootstrap(totals, {"mean": lambda sums: sums[:, 0] / sums[:, 1]}) == {}
