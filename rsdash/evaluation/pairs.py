"""Two trained models on the same images: do they differ, by how much, and in which classes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, gammaln

from rsdash.evaluation.intervals import DRAWS, FEWEST_GROUPS, Interval, cluster_bootstrap

ADDED = np.array([0.5, 0.5, 1.0])
"""Images added to first only, second only and the rest before drawing: half an image to each cell of the
two-by-two table (Agresti and Min 2005, doi 10.1002/sim.1781)."""


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy of a first trained model minus that of a second one on the same images.

    Attributes:
        difference: between -1 and 1.
        interval: its 95 % interval; None where there are fewer than 20 groups, or no group differs from
            another.
        p: two-sided p-value of no difference: McNemar's mid-p for independent images, the sign-flip test
            over groups otherwise; None where there are fewer than 20 groups.
        images: n.
        first_only: images that the first alone has right.
        second_only: images that the second alone has right.
        both_right: images that both have right.
        both_wrong: images that neither has right.
        groups: number of groups of dependent images; 0 where all images are independent.
    """

    difference: float
    interval: Interval | None
    p: float | None
    images: int
    first_only: int
    second_only: int
    both_right: int
    both_wrong: int
    groups: int


@dataclass(frozen=True)
class ClassDifferences:
    """Producer's accuracy of a first model minus that of a second one: arrays of shape (K,).

    Attributes:
        support: images of the class.
        difference: NaN where the class has no images.
        low: lower end of its 95 % interval; NaN where the class has no images or is in fewer than 20 groups.
        high: upper end.
    """

    support: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray


def paired_difference(
    right_first: np.ndarray,
    right_second: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Compare two trained models on the n > 0 images that both answered.

    Args:
        right_first: bool of shape (n,).
        right_second: bool of shape (n,), the same images in the same order.
        groups: of shape (n,), the group of each image where images of a group depend on each other.
        draws: bootstrap samples.
        seed: of the samples.
    """
    count = len(right_first)
    first_only = int((right_first & ~right_second).sum())
    second_only = int((right_second & ~right_first).sum())
    if groups is None:
        clusters, p = 0, mcnemar_mid_p(first_only, second_only)
        interval = paired_interval(first_only, second_only, count, draws=draws, seed=seed)
    else:
        totals = _by_group(right_first, right_second, groups)
        clusters = len(totals)
        p = sign_flip_p(totals[:, 0]) if clusters >= FEWEST_GROUPS else None
        interval = cluster_bootstrap(totals, {"": _ratio}, draws=draws, seed=seed).get("")
    return PairedDifference(
        difference=(first_only - second_only) / count,
        interval=interval,
        p=p,
        images=count,
        first_only=first_only,
        second_only=second_only,
        both_right=int((right_first & right_second).sum()),
        both_wrong=int((~right_first & ~right_second).sum()),
        groups=clusters,
    )


def mcnemar_mid_p(b: int, c: int) -> float:
    """McNemar's test of two models on independent images, mid-p version (Fagerland et al. 2013).

    doi 10.1186/1471-2288-13-91. With n = b + c and f the binomial(n, 1/2) mass at min(b, c): the exact
    two-sided p less f; at b = c it is 1 - f/2, and at b = c = 0 it is 1. It is added up from the tail
    below min(b, c) and f, so that nothing cancels.

    Args:
        b: images that the first model alone has right.
        c: images that the second model alone has right.
    """
    total, fewer = b + c, min(b, c)
    if total == 0:
        return 1.0
    log_mass = gammaln(total + 1) - gammaln(fewer + 1) - gammaln(total - fewer + 1) - total * np.log(2)
    mass = float(np.exp(log_mass))
    if b == c:
        return 1 - mass / 2
    below = float(bdtr(fewer - 1, total, 0.5)) if fewer else 0.0
    return 2 * below + mass


def paired_interval(
    first_only: int, second_only: int, count: int, *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """95 % interval of the difference of two accuracies on the same independent images.

    Percentile bootstrap of the three outcomes, with two images added that keep the models equal
    (`ADDED`). Without them, models that disagree on few images get far too short an interval, and one of
    no width where they never disagree: at n = 40 and accuracies of 0.95 and 0.96 it held the truth in 66 %
    of 2,000 simulations, with them in 99 %. From n = 400 the two hardly differ (`benchmarks/coverage.py`).

    Args:
        first_only: images that the first model alone has right.
        second_only: images that the second model alone has right.
        count: all images.
        draws: bootstrap samples.
        seed: of the samples.
    """
    outcomes = np.array([first_only, second_only, count - first_only - second_only]) + ADDED
    total = count + int(ADDED.sum())
    drawn = np.random.default_rng(seed).multinomial(total, outcomes / total, size=draws)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / total, (2.5, 97.5))
    return Interval(float(low), float(high))


def sign_flip_p(surpluses: np.ndarray) -> float:
    """Two-sided randomisation test over groups: each group's surplus might as well have the other sign.

    Fisher 1935 (The Design of Experiments, section 21), over groups rather than images. All 2^G flips are
    counted, exactly: as surpluses are whole numbers, the distribution of their flipped sum takes one
    convolution a group.

    Args:
        surpluses: int64 of shape (G,), images that the first model alone has right less those that the
            second alone has right, in each group.
    """
    sizes = np.abs(surpluses[surpluses != 0])
    total, observed = int(sizes.sum()), abs(int(surpluses.sum()))
    if observed == 0:
        return 1.0
    shares = np.zeros(total + 1)  # of flips whose positive groups add up to 0, 1, ... total
    shares[0] = 1.0
    for size in sizes.tolist():
        shares *= 0.5
        shares[size:] += shares[:-size].copy()
    return float(2 * shares[(total + observed) // 2 :].sum())


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for looking at several pairs (Holm 1979, Scand. J. Statist. 6:65-70)."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted.tolist()


def class_differences(
    labels: np.ndarray,
    predicted_first: np.ndarray,
    predicted_second: np.ndarray,
    classes: int,
    groups: np.ndarray | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> ClassDifferences:
    """In which classes two models differ, each class compared on its own images.

    The intervals are of one class each: with K of them, one in twenty misses by chance.

    Args:
        labels: int64 of shape (n,), true classes.
        predicted_first: int64 of shape (n,).
        predicted_second: int64 of shape (n,).
        classes: their number K.
        groups: of shape (n,), the group of each image where images of a group depend on each other.
        draws: bootstrap samples.
        seed: of the samples.
    """
    support = np.bincount(labels, minlength=classes)
    found = np.full((3, classes), np.nan)
    for label in np.flatnonzero(support):
        own = labels == label
        pair = paired_difference(
            predicted_first[own] == label,
            predicted_second[own] == label,
            None if groups is None else groups[own],
            draws=draws,
            seed=seed,
        )
        found[0, label] = pair.difference
        if pair.interval:
            found[1:, label] = pair.interval.low, pair.interval.high
    return ClassDifferences(support, *found)


def _by_group(right_first: np.ndarray, right_second: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The first model's surplus of right images in each group, and the group's images: int64 (G, 2)."""
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    surplus = np.zeros(len(sizes), dtype=np.int64)
    np.add.at(surplus, numbers, right_first.astype(np.int64) - right_second)
    return np.stack([surplus, sizes], axis=1)


def _ratio(totals: np.ndarray) -> np.ndarray:
    """First column over second: (B, 2) → (B,)."""
    return totals[:, 0] / totals[:, 1]
