"""How well the figures of each class are known: 95 % intervals of its producer's and user's accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rsdash.evaluation.intervals import (
    DRAWS,
    FEWEST_GROUPS,
    bca_interval,
    chunks,
    reach_of,
    times_drawn,
    wilson_bounds,
)
from rsdash.evaluation.saved import Evaluation


@dataclass(frozen=True)
class ClassIntervals:
    """Lower and upper ends of 95 % intervals: float64 of shape (K, 2), NaN where there is none.

    Attributes:
        producers: of producer's accuracy (recall).
        users: of user's accuracy (precision).
    """

    producers: np.ndarray
    users: np.ndarray


def class_intervals(part: Evaluation) -> ClassIntervals:
    """Wilson's where images are independent, else a bootstrap over groups as for the overall accuracy.

    In groups, a class has no interval where it is in fewer than 20 of them, or all are right or all wrong.
    """
    answers, classes = part.logits.argmax(axis=1), len(part.classes)
    right = answers == part.labels
    if part.groups is None:
        count = np.bincount(part.labels[right], minlength=classes)
        wholes = [np.bincount(labels, minlength=classes) for labels in (part.labels, answers)]
        return ClassIntervals(*(np.stack(wilson_bounds(count, whole), axis=1) for whole in wholes))
    names, numbers = np.unique(part.groups, return_inverse=True)

    def of_groups(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
        cells = np.bincount(groups * classes + labels, minlength=len(names) * classes)
        return cells.reshape(-1, classes)  # (G, K)

    count = of_groups(part.labels[right], numbers[right])
    both = np.hstack([of_groups(labels, numbers) for labels in (part.labels, answers)])
    ends = share_intervals(np.hstack([count, count]), both)
    return ClassIntervals(ends[:classes], ends[classes:])


def share_intervals(
    parts: np.ndarray, wholes: np.ndarray, *, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """95 % intervals of several shares at once, from the same samples of whole groups.

    Each is what `cluster_bootstrap` gives over the groups that its whole is in, but that their number varies
    from sample to sample.

    Args:
        parts: int64 of shape (G, S), what each group adds to the numerator of each share.
        wholes: of the same shape, to the denominator.
        draws: bootstrap samples.
        seed: of the samples.

    Returns:
        Lower and upper ends, float64 (S, 2); NaN for a share whose whole is in fewer than 20 groups, or
        that does not vary.
    """
    groups, shares = wholes.shape
    ends = np.full((shares, 2), np.nan)
    known = np.flatnonzero((wholes > 0).sum(axis=0) >= FEWEST_GROUPS)
    if not len(known):
        return ends
    rng = np.random.default_rng(seed)
    of_each = np.stack([parts[:, known], wholes[:, known]]).astype(np.float64)  # (2, G, S)
    drawn = np.concatenate([
        _ratio(times_drawn(groups, size, rng) @ of_each) for size in chunks(draws, groups)
    ])  # fmt: skip
    totals = of_each.sum(axis=1, keepdims=True)
    estimates, left_out = _ratio(totals)[0], _ratio(totals - of_each)
    for place, share in enumerate(known.tolist()):
        own = wholes[:, share] > 0
        count = int(own.sum())
        values = drawn[:, place], left_out[own, place], np.ones(count)
        interval = bca_interval(float(estimates[place]), *values, reach=reach_of(count))
        if interval:
            ends[share] = interval.low, interval.high
    return ends


def _ratio(sums: np.ndarray) -> np.ndarray:
    """First over second, 0 where there is nothing: (2, B, S) → (B, S)."""
    return sums[0] / np.maximum(sums[1], 1)
