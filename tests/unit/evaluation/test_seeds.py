"""Seeds and folds against scipy and hand-computed cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans

from rsdash.evaluation.seeds import corrected_folds, summarize_seeds, welch

FIRST, SECOND = [0.912, 0.905, 0.921, 0.909], [0.881, 0.902, 0.893]


def test_the_summary_holds_mean_sample_spread_and_t_interval() -> None:
    found = summarize_seeds([0.90, 0.92, 0.94])
    assert (found.count, found.mean, found.sd) == (3, pytest.approx(0.92), pytest.approx(0.02))
    half = 4.302653 * 0.02 / np.sqrt(3)  # t at 2 degrees of freedom, from a table
    assert found.interval and (found.interval.low, found.interval.high) == pytest.approx(
        (0.92 - half, 0.92 + half), abs=1e-6
    )


def test_one_run_has_a_mean_and_no_spread() -> None:
    found = summarize_seeds([0.9])
    assert (found.count, found.mean, found.interval) == (1, 0.9, None) and np.isnan(found.sd)
    assert np.isnan(summarize_seeds([]).mean)


def test_runs_without_a_figure_are_left_out() -> None:
    assert summarize_seeds([0.9, float("nan"), 0.8]).count == 2


def test_welch_agrees_with_scipy() -> None:
    found = welch(FIRST, SECOND)
    theirs: Any = stats.ttest_ind(FIRST, SECOND, equal_var=False)
    ends = theirs.confidence_interval(0.95)
    assert found.difference == pytest.approx(np.mean(FIRST) - np.mean(SECOND))
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9) and found.df == pytest.approx(theirs.df)
    assert found.interval and (found.interval.low, found.interval.high) == pytest.approx(
        (ends.low, ends.high), rel=1e-9
    )
    low, high = CompareMeans.from_data(FIRST, SECOND).tconfint_diff(usevar="unequal")
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-9)


def test_welch_with_one_group_that_does_not_vary_agrees_with_statsmodels() -> None:
    found = welch([0.5, 0.5, 0.5], SECOND)
    _, p, df = CompareMeans.from_data([0.5] * 3, SECOND).ttest_ind(usevar="unequal")
    assert found.p == pytest.approx(p, rel=1e-9) and found.df == pytest.approx(df)


@pytest.mark.parametrize("second", [[0.8] * 3, [0.9] * 3, [0.1 + 0.2] * 3])
def test_groups_that_do_not_vary_have_a_difference_without_a_verdict(second: list[float]) -> None:
    found = welch([0.9] * 3, second)
    assert found.difference == pytest.approx(0.9 - second[0], abs=1e-12)
    assert found.interval is None and found.p is None


@pytest.mark.parametrize(("first", "second"), [([], []), ([0.9], []), ([0.9], [0.8, 0.7]), ([0.9], [0.8])])
def test_too_few_runs_have_no_interval_and_no_p(first: list[float], second: list[float]) -> None:
    found = welch(first, second)
    assert found.interval is None and found.p is None
    assert np.isnan(found.difference) == (not first or not second)


def test_corrected_folds_agree_with_a_calculation_by_hand() -> None:
    # mean 0.02, sample variance 0.00025; 5 folds: (1/5 + 0.25) 0.00025 = 0.0001125, root 0.0106066
    found = corrected_folds([0.0, 0.01, 0.02, 0.03, 0.04], test_to_train=0.25)
    assert found.difference == pytest.approx(0.02) and found.df == 4
    half = 2.776445 * 0.0106066  # t at 4 degrees of freedom, from a table
    assert found.interval and (found.interval.low, found.interval.high) == pytest.approx(
        (0.02 - half, 0.02 + half), abs=1e-6
    )
    assert found.p == pytest.approx(2 * stats.t.sf(0.02 / 0.0106066, 4), rel=1e-5)


def test_the_interval_of_folds_is_that_of_the_corrected_variance() -> None:
    values = [0.80, 0.82, 0.81, 0.84, 0.83]
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 0.3125) * np.var(values, ddof=1))
    found = summarize_seeds(values, test_to_train=0.3125)
    assert found.interval and found.interval.half_width == pytest.approx(half)
    plain = summarize_seeds(values).interval
    assert plain and plain.half_width == pytest.approx(half * np.sqrt(0.2 / 0.5125))


def test_correction_makes_folds_less_sure_than_independent_runs() -> None:
    differences = [0.01, 0.02, 0.03, 0.02, 0.01]
    plain: Any = stats.ttest_1samp(differences, 0)
    found = corrected_folds(differences, test_to_train=0.25)
    assert found.p is not None and found.p > plain.pvalue


def test_equal_or_too_few_folds_have_no_verdict() -> None:
    for differences in ([0.9 - 0.8, 0.8 - 0.7, 0.5 - 0.4], [0.1], []):
        found = corrected_folds(differences, test_to_train=0.25)
        assert found.interval is None and found.p is None
