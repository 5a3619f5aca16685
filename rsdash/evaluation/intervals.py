"""95 % intervals: of a share, of a mean, and of anything that follows from a confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

FEWEST_GROUPS = 20
"""With fewer groups of dependent images their spread is too poorly known for an interval or a test."""

DRAWS = 2000
"""Bootstrap samples."""

CHUNK_CELLS = 2_000_000
"""Numbers held at once while samples are drawn: 16 MB."""

Statistics = Mapping[str, Callable[[np.ndarray], np.ndarray]]
"""Name → function from B samples, of shape (B, ...), to B values, of shape (B,)."""


@dataclass(frozen=True)
class Interval:
    """An interval that holds the true value in 95 % of repetitions, unless it says otherwise."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half its width, what stands behind a ±."""
        return (self.high - self.low) / 2


def wilson_interval(right: int, count: int, *, confidence: float = 0.95) -> Interval:
    """Interval of a share, `right` of `count` > 0 (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    low, high = wilson_bounds(np.array([right]), np.array([count]), confidence=confidence)
    return Interval(float(low[0]), float(high[0]))


def wilson_bounds(
    right: np.ndarray, count: np.ndarray, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of Wilson intervals of several shares; NaN where a count is 0.

    scipy.stats has it too, but takes over a second to import, which the first visitor would wait for.

    Args:
        right: whole numbers of any shape.
        count: of the same shape.
        confidence: share of intervals that hold the true value.
    """
    z = float(ndtri(0.5 + confidence / 2))
    count = np.where(count > 0, count, np.nan)
    share, pull = right / count, z**2 / count
    centre = (share + pull / 2) / (1 + pull)
    half = z * np.sqrt(share * (1 - share) / count + pull / (4 * count)) / (1 + pull)
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def mean_interval(values: np.ndarray) -> Interval | None:
    """t interval of a mean (Student 1908); None for fewer than two values.

    Args:
        values: float64 of shape (m,), independent draws, such as the accuracies of m seeds.
    """
    count = len(values)
    if count < 2:
        return None
    mean = float(np.mean(values))
    half = float(stdtrit(count - 1, 0.975)) * float(np.std(values, ddof=1)) / np.sqrt(count)
    return Interval(mean - half, mean + half)


def bootstrap_confusion(
    confusion: np.ndarray, statistics: Statistics, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """Percentile bootstrap over independent tiles (Efron 1979, doi 10.1214/aos/1176344552).

    The statistics depend on the confusion matrix alone, so drawing tiles with replacement is the same as
    drawing multinomial matrices with the observed shares, which costs K² numbers a draw rather than n.

    Args:
        confusion: int64 of shape (K, K).
        statistics: name → function from matrices (B, K, K) to values (B,).
        draws: number of samples.
        seed: of the draws.
    """
    cells = confusion.ravel()
    filled = np.flatnonzero(cells)
    count, shares = int(cells.sum()), cells[filled] / cells.sum()
    rng = np.random.default_rng(seed)

    def samples() -> Iterator[np.ndarray]:
        for size in _chunks(draws, cells.size):
            drawn = np.zeros((size, cells.size))
            drawn[:, filled] = rng.multinomial(count, shares, size=size)
            yield drawn.reshape(size, *confusion.shape)

    return _percentiles(samples(), statistics)


def cluster_bootstrap(
    totals: np.ndarray, statistics: Statistics, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """Percentile bootstrap that draws whole groups of dependent images (Field and Welsh 2007).

    doi 10.1111/j.1467-9868.2007.00593.x. Empty below `FEWEST_GROUPS` groups.

    Args:
        totals: of shape (G, ...), what each group adds to the sums that the statistics depend on, such as
            its confusion matrix.
        statistics: name → function from sums (B, ...) to values (B,).
        draws: number of samples.
        seed: of the draws.
    """
    groups = len(totals)
    if groups < FEWEST_GROUPS:
        return {}
    flat = totals.reshape(groups, -1).astype(np.float64)
    rng = np.random.default_rng(seed)

    def samples() -> Iterator[np.ndarray]:
        for size in _chunks(draws, max(groups, flat.shape[1])):
            times = rng.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(np.float64)
            yield (times @ flat).reshape(size, *totals.shape[1:])

    return _percentiles(samples(), statistics)


def _chunks(draws: int, cells: int) -> Iterator[int]:
    """Sizes of the portions in which samples of so many cells are drawn."""
    largest = max(1, CHUNK_CELLS // cells)
    for start in range(0, draws, largest):
        yield min(largest, draws - start)


def _percentiles(samples: Iterator[np.ndarray], statistics: Statistics) -> dict[str, Interval]:
    values: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
    for drawn in samples:
        for name, statistic in statistics.items():
            values[name].append(statistic(drawn))
    ends = {name: np.percentile(np.concatenate(parts), (2.5, 97.5)) for name, parts in values.items()}
    return {name: Interval(float(low), float(high)) for name, (low, high) in ends.items()}
