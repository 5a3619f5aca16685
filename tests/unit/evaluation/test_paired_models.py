"""Paired tests against scipy, statsmodels, published values and enumeration."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from rsdash.evaluation.pairs import (
    class_differences,
    holm,
    mcnemar_mid_p,
    paired_difference,
    paired_interval,
    sign_flip_p,
)


def exact_p(b: int, c: int) -> float:
    """McNemar's exact test by statsmodels."""
    result: Any = mcnemar([[50, b], [c, 50]], exact=True)
    return float(result.pvalue)


@pytest.mark.parametrize(
    ("b", "c", "published"),
    [
        (1, 7, 0.039),  # airway hyper-responsiveness, Bentur et al. 2009
        (6, 16, 0.035),  # complete response, Cavo et al. 2012
    ],
)
def test_mid_p_gives_the_published_values_of_fagerland(b: int, c: int, published: float) -> None:
    assert round(mcnemar_mid_p(b, c), 3) == round(mcnemar_mid_p(c, b), 3) == published


@pytest.mark.parametrize(("b", "c"), [(0, 1), (0, 9), (3, 4), (10, 25), (180, 220), (2, 400)])
def test_mid_p_is_the_exact_test_of_statsmodels_less_the_mass_of_the_observed(b: int, c: int) -> None:
    exact = exact_p(b, c)
    mass = stats.binom.pmf(min(b, c), b + c, 0.5)
    assert mcnemar_mid_p(b, c) == pytest.approx(exact - mass, rel=1e-9)


@pytest.mark.parametrize("tie", [1, 2, 30, 500])
def test_mid_p_of_a_tie_is_1_less_half_the_mass(tie: int) -> None:
    assert mcnemar_mid_p(tie, tie) == pytest.approx(1 - stats.binom.pmf(tie, 2 * tie, 0.5) / 2, rel=1e-12)


def test_mid_p_of_models_that_never_disagree_is_1() -> None:
    assert mcnemar_mid_p(0, 0) == 1.0


def test_mid_p_holds_for_a_million_images() -> None:
    table: Any = mcnemar([[0, 499_000], [501_000, 0]], exact=False, correction=False)
    asymptotic = table.pvalue
    assert mcnemar_mid_p(499_000, 501_000) == pytest.approx(asymptotic, rel=1e-3)
    assert 0.999 < mcnemar_mid_p(500_000, 500_000) < 1
    assert 0 <= mcnemar_mid_p(0, 1_000_000) < 1e-300
    assert 0 < mcnemar_mid_p(485_000, 515_000) < 1e-190


def test_mid_p_lies_between_0_and_1_everywhere() -> None:
    assert all(0 < mcnemar_mid_p(b, c) <= 1 for b, c in product(range(30), repeat=2))


def pair(seed: int = 0, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two models that are right on the easy images both."""
    rng = np.random.default_rng(seed)
    hard = rng.random(count)
    return hard + rng.normal(0, 0.2, count) < 0.85, hard + rng.normal(0, 0.2, count) < 0.8


def test_a_pair_is_counted_in_four_cells() -> None:
    first = np.array([1, 1, 1, 0, 0, 1], dtype=bool)
    second = np.array([1, 0, 0, 1, 0, 1], dtype=bool)
    found = paired_difference(first, second)
    cells = (found.first_only, found.second_only, found.both_right, found.both_wrong)
    assert cells == (2, 1, 2, 1) and found.images == 6 and found.groups == 0
    assert found.difference == pytest.approx(1 / 6)
    assert found.p == mcnemar_mid_p(2, 1)


def test_swapping_the_models_turns_the_sign() -> None:
    first, second = pair()
    one, other = paired_difference(first, second), paired_difference(second, first)
    assert one.difference == -other.difference and one.p == other.p
    assert one.interval and other.interval
    assert one.interval.low == pytest.approx(-other.interval.high, abs=0.005)


def test_the_interval_agrees_with_the_score_based_ones_of_the_literature() -> None:
    # Agresti and Min 2005, by hand: b = 30, c = 12, n = 400 with half an image added to each cell
    share = np.array([30.5, 12.5]) / 402
    difference = share[0] - share[1]
    half = 1.95996 * np.sqrt((share.sum() - difference**2) / 402)
    found = paired_interval(30, 12, 400, draws=100_000)
    assert (found.low, found.high) == pytest.approx((difference - half, difference + half), abs=0.003)


def test_models_that_never_disagree_may_still_differ_a_little() -> None:
    right = np.arange(50) > 3
    found = paired_difference(right, right)
    assert (found.difference, found.p) == (0.0, 1.0)
    assert found.interval and found.interval.low < 0 < found.interval.high


@pytest.mark.parametrize(
    "surpluses", [[1, 2, 3], [5, -1, 0, 2, 2], [1] * 9, [-3, 1, 1, 4, -2, 0, 0, 6, -1, 2]]
)
def test_the_sign_flip_test_counts_all_flips(surpluses: list[int]) -> None:
    values = np.array(surpluses)
    sums = np.array([np.dot(signs, values) for signs in product((-1, 1), repeat=len(values))])
    assert sign_flip_p(values) == pytest.approx((np.abs(sums) >= abs(values.sum())).mean(), rel=1e-12)


def test_the_sign_flip_test_agrees_with_scipys_permutations() -> None:
    values = np.random.default_rng(5).integers(-6, 10, size=40)
    theirs = stats.permutation_test((values,), np.sum, permutation_type="samples", n_resamples=50_000, rng=1)
    assert sign_flip_p(values) == pytest.approx(theirs.pvalue, abs=0.006)


def test_the_sign_flip_test_of_single_images_is_mcnemars_exact_test() -> None:
    assert sign_flip_p(np.array([1] * 14 + [-1] * 5)) == pytest.approx(exact_p(14, 5), rel=1e-12)


def test_groups_without_a_surplus_say_nothing() -> None:
    assert sign_flip_p(np.zeros(30, dtype=int)) == 1.0
    assert sign_flip_p(np.array([3, -3, 0])) == 1.0


def test_images_that_repeat_within_groups_are_no_further_evidence() -> None:
    first, second = pair()
    groups = np.repeat(np.arange(400), 5)
    alone = paired_difference(first, second, np.arange(400))
    repeated = paired_difference(np.repeat(first, 5), np.repeat(second, 5), groups)
    assert repeated.p == pytest.approx(alone.p) and repeated.groups == 400
    assert repeated.interval and alone.interval
    assert repeated.interval.half_width == pytest.approx(alone.interval.half_width, rel=0.05)


def test_fewer_than_20_groups_give_no_interval_and_no_p() -> None:
    first, second = pair()
    few = paired_difference(first, second, np.arange(400) % 19)
    assert few.interval is None and few.p is None and few.groups == 19
    enough = paired_difference(first, second, np.arange(400) % 20)
    assert enough.interval and enough.p is not None


def test_holm_agrees_with_statsmodels() -> None:
    values = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 1.0]
    theirs: Any = multipletests(values, method="holm")[1]
    assert holm(values) == pytest.approx(theirs.tolist(), rel=1e-12)
    assert holm([]) == [] and holm([0.2]) == [0.2]


def test_each_class_is_compared_on_its_own_images() -> None:
    labels = np.array([0] * 40 + [1] * 60)
    first, second = labels.copy(), labels.copy()
    second[:10] = 1  # ten images of class 0
    first[40:43] = 2  # three of class 1
    found = class_differences(labels, first, second, 4)
    assert found.support.tolist() == [40, 60, 0, 0]
    assert found.difference[:2] == pytest.approx([0.25, -0.05])
    assert np.isnan(found.difference[2:]).all() and np.isnan(found.low[2:]).all()
    assert found.low[0] > 0 and found.low[1] < -0.05 < found.high[1]


def test_a_class_in_fewer_than_20_groups_has_a_difference_without_interval() -> None:
    labels = np.array([0] * 60 + [1] * 60)
    groups = np.array([number % 10 for number in range(60)] + [number % 30 for number in range(60)])
    second = labels.copy()
    second[[3, 7, 65, 70, 71]] = 2
    found = class_differences(labels, labels, second, 3, groups)
    assert found.difference[:2] == pytest.approx([2 / 60, 3 / 60])
    assert np.isnan(found.low[0]) and np.isfinite(found.low[1])
