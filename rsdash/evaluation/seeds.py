"""What several seeds, or the folds of a cross-validation, say of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from rsdash.evaluation.intervals import Interval, mean_interval

FEWEST_SEEDS = 3
"""With fewer runs of each recipe no verdict about recipes is given."""

NO_SPREAD = 1e-12
"""Standard errors up to here are rounding: figures that are equal, or differences that are."""

Method = Literal["Welch", "corrected resampled t"]


@dataclass(frozen=True)
class SeedSummary:
    """One figure over runs that differ by their seed alone.

    Attributes:
        count: number of runs.
        mean: NaN without runs.
        sd: sample standard deviation (over count - 1), the spread of single runs; NaN below two runs.
        interval: 95 % t interval of the mean, of folds a corrected one; None below two runs.
    """

    count: int
    mean: float
    sd: float
    interval: Interval | None


@dataclass(frozen=True)
class GroupDifference:
    """Mean of one recipe minus mean of another.

    Attributes:
        difference: NaN where a group is empty.
        interval: its 95 % interval; None where there are too few runs for one, or no spread shows in them.
        p: two-sided p-value of no difference; None likewise.
        df: degrees of freedom of the t distribution behind both; NaN where there is none.
        method: how the two were compared.
    """

    difference: float
    interval: Interval | None
    p: float | None
    df: float
    method: Method


def summarize_seeds(values: Sequence[float] | np.ndarray, *, test_to_train: float = 0.0) -> SeedSummary:
    """Mean, spread and interval of a figure over seeds or folds; values that are not finite are left out.

    Args:
        values: (m,), one figure a run.
        test_to_train: of folds, as for `corrected_folds`; 0 where runs share their training images.
    """
    found = _finite(values)
    interval = mean_interval(found)
    if interval and test_to_train:
        half = interval.half_width * sqrt(1 + len(found) * test_to_train)
        interval = Interval(float(found.mean()) - half, float(found.mean()) + half)
    return SeedSummary(
        count=len(found),
        mean=float(found.mean()) if len(found) else float("nan"),
        sd=float(found.std(ddof=1)) if len(found) > 1 else float("nan"),
        interval=interval,
    )


def welch(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> GroupDifference:
    """Mean of the first group minus mean of the second, variances unequal (Welch 1947).

    doi 10.1093/biomet/34.1-2.28. Without interval and p below two runs in either group, and where no group
    varies at all: equal figures, by chance or of one and the same run, do not show how far seeds spread.
    Callers give no verdict below `FEWEST_SEEDS`.

    Args:
        first: (m,), one figure a run.
        second: (k,), likewise.
    """
    one, other = _finite(first), _finite(second)
    if not len(one) or not len(other):
        return _unjudged(float("nan"), "Welch")
    difference = float(one.mean() - other.mean())
    if len(one) < 2 or len(other) < 2:
        return _unjudged(difference, "Welch")
    parts = [float(group.var(ddof=1)) / len(group) for group in (one, other)]
    error = sqrt(sum(parts))
    if error <= NO_SPREAD:
        return _unjudged(difference, "Welch")
    weights = [part / error**2 for part in parts]
    df = 1 / sum(w**2 / (len(group) - 1) for w, group in zip(weights, (one, other), strict=True))
    return _judged(difference, error, df, "Welch")


def corrected_folds(differences: Sequence[float] | np.ndarray, *, test_to_train: float) -> GroupDifference:
    """Corrected resampled t over the folds of a cross-validation (Nadeau and Bengio 2003).

    doi 10.1023/A:1024068626366. Folds share training images and so are not independent: with k folds the
    variance of the mean is taken as (1/k + n_test/n_train) times the sample variance, not 1/k times.

    Args:
        differences: (k,), the first recipe's figure minus the second's on each fold.
        test_to_train: images in one fold's test part over those that its run trained on, n_test/n_train:
            1/(k - 1) for k folds without validation images.
    """
    found = _finite(differences)
    method: Method = "corrected resampled t"
    if len(found) < 2:
        return _unjudged(float(found[0]) if len(found) else float("nan"), method)
    difference = float(found.mean())
    error = sqrt((1 / len(found) + test_to_train) * float(found.var(ddof=1)))
    if error <= NO_SPREAD:
        return _unjudged(difference, method)
    return _judged(difference, error, len(found) - 1, method)


def _judged(difference: float, error: float, df: float, method: Method) -> GroupDifference:
    """Interval and p from a t distribution with a standard error above 0."""
    half = float(stdtrit(df, 0.975)) * error
    p = 2 * float(stdtr(df, -abs(difference) / error))
    return GroupDifference(difference, Interval(difference - half, difference + half), p, float(df), method)


def _unjudged(difference: float, method: Method) -> GroupDifference:
    return GroupDifference(difference, None, None, float("nan"), method)


def _finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    return found[np.isfinite(found)]
