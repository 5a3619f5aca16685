"""How often the 95 % intervals hold the true value, simulated.

Ten balanced classes of unequal difficulty whose images are mostly mistaken for a few look-alikes; test sets
of 400 and 2,000 images at accuracy 0.6, 0.8 and 0.95. The truth of each statistic is its value for the
whole population; the pair are models two points apart whose errors fall on the same images more often than
by chance. Printed is the share of intervals that hold the truth, for the overall accuracy (Wilson), macro
F1, kappa and average accuracy (bootstrap over tiles), the difference of a pair (paired bootstrap), and the
mean over 3, 5 and 10 seeds (t). Exits with 1 where a share lies outside 0.93 to 0.97; with 2,000
simulations a share is known to ±0.01. With `--fixed-classes` every test set has as many images of each
class, as after a stratified split: intervals over images are then on the wide side (0.94 to 0.98), the more
so the more unequal the classes are, and may lie outside on that side.

    python -m benchmarks.coverage [--simulations 2000] [--fixed-classes] [--accuracies 0.6 0.8 0.95]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from rsdash.evaluation import matrix
from rsdash.evaluation.intervals import DRAWS, Interval, bootstrap_confusion, mean_interval, wilson_bounds
from rsdash.evaluation.pairs import paired_interval

BAR = (0.93, 0.97)
CLASSES = 10
ACCURACIES, COUNTS, SEED_COUNTS = (0.6, 0.8, 0.95), (400, 2000), (3, 5, 10)
APART = 0.02
"""Difference of the pair's accuracies."""
SHARED_ERRORS = 0.4
"""Correlation, within a class, of being right between the models of a pair."""
STATISTICS = {"macro F1": matrix.macro_f1, "kappa": matrix.kappa, "average accuracy": matrix.average_accuracy}


class Setting(NamedTuple):
    """One simulated situation.

    Attributes:
        accuracy: of the model in the whole population.
        images: of a test set.
        classes: their number, equally frequent.
        fixed: whether each test set has the same number of images of each class, as stratified splits do;
            else its images are drawn from the population at random.
    """

    accuracy: float
    images: int
    classes: int = CLASSES
    fixed: bool = False


def main() -> int:
    """Print the table; 1 if a share misses the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2000, help="test sets drawn in each setting")
    parser.add_argument("--draws", type=int, default=DRAWS, help="bootstrap samples behind an interval")
    parser.add_argument("--fixed-classes", action="store_true", help="as many images of each class each time")
    parser.add_argument("--accuracies", type=float, nargs="+", default=ACCURACIES, help="of the model")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="images of a test set")
    asked = parser.parse_args()
    shares: list[float] = []
    for accuracy in asked.accuracies:
        for count in asked.counts:
            setting = Setting(accuracy, count, fixed=asked.fixed_classes)
            found = image_coverage(setting, asked.simulations, draws=asked.draws)
            shares += found.values()
            print(f"accuracy {accuracy}, n = {count}: {in_words(found)}", flush=True)
    found = seed_coverage(asked.simulations)
    shares += found.values()
    print(f"mean over seeds: {in_words(found)}")
    print(f"smallest {min(shares):.3f}, largest {max(shares):.3f}; bar {BAR[0]} to {BAR[1]}")
    return 0 if within_bar(shares) else 1


def image_coverage(setting: Setting, simulations: int, *, draws: int = DRAWS) -> dict[str, float]:
    """Coverage of all intervals over images in one setting."""
    return {
        **matrix_coverage(setting, simulations, draws=draws),
        "paired difference": pair_coverage(setting, simulations, draws=draws),
    }


def matrix_coverage(
    setting: Setting, simulations: int, *, draws: int = DRAWS, names: Iterable[str] = STATISTICS
) -> dict[str, float]:
    """Coverage for the overall accuracy and the named statistics of classes."""
    statistics = {name: STATISTICS[name] for name in names}
    shares = population(setting.accuracy, setting.classes)
    confusions = drawn_matrices(shares, setting, simulations)
    low, high = wilson_bounds(np.trace(confusions, axis1=1, axis2=2), np.full(simulations, setting.images))
    found = [
        bootstrap_confusion(one, statistics, draws=draws, seed=seed) for seed, one in enumerate(confusions)
    ]
    held = {"accuracy": float(((low <= setting.accuracy) & (setting.accuracy <= high)).mean())}
    for name, statistic in statistics.items():
        held[name] = share_holding((one.get(name) for one in found), float(statistic(shares * 1e9)))
    return held


def pair_coverage(setting: Setting, simulations: int, *, draws: int = DRAWS) -> float:
    """Coverage for the difference of a pair of models."""
    rng = np.random.default_rng(int(1000 * setting.accuracy) + setting.images)
    outcomes = pair_outcomes(setting)
    if setting.fixed:
        each = setting.images // setting.classes
        counts = np.stack([rng.multinomial(each, row, size=simulations) for row in outcomes]).sum(axis=0)
    else:
        counts = rng.multinomial(setting.images, outcomes.mean(axis=0), size=simulations)
    found = (
        paired_interval(int(first), int(second), setting.images, draws=draws, seed=seed)
        for seed, (first, second, _) in enumerate(counts)
    )
    return share_holding(found, APART)


def seed_coverage(simulations: int) -> dict[str, float]:
    """Coverage for the mean accuracy over seeds that scatter normally."""
    rng = np.random.default_rng(0)
    return {
        f"{count} seeds": share_holding(map(mean_interval, rng.normal(0.9, 0.01, (simulations, count))), 0.9)
        for count in SEED_COUNTS
    }


def population(accuracy: float, classes: int = CLASSES, *, seed: int = 2) -> np.ndarray:
    """Shares (K, K) of true and predicted classes: error rates by class and look-alikes are unequal."""
    rng = np.random.default_rng(seed)
    errors = np.exp(rng.normal(0, 0.5, classes))
    for _ in range(100):
        errors = np.minimum(errors * (1 - accuracy) / errors.mean(), 0.9)
    shares = np.diag(1 - errors)
    for label in range(classes):
        others = np.arange(classes) != label
        shares[label, others] = errors[label] * rng.dirichlet(np.full(classes - 1, 0.5))
    return shares / classes


def drawn_matrices(shares: np.ndarray, setting: Setting, simulations: int) -> np.ndarray:
    """Confusion matrices (simulations, K, K) of test sets from a population."""
    rng = np.random.default_rng(int(1000 * setting.accuracy) + setting.images)
    if not setting.fixed:
        return rng.multinomial(setting.images, shares.ravel(), size=simulations).reshape(-1, *shares.shape)
    each = setting.images // setting.classes
    rows = [rng.multinomial(each, row / row.sum(), size=simulations) for row in shares]
    return np.stack(rows, axis=1)


def pair_outcomes(setting: Setting) -> np.ndarray:
    """Shares (K, 3) within each class: first only right, second only right, both or neither."""
    first = np.diag(population(setting.accuracy, setting.classes)) * setting.classes
    second = np.diag(population(setting.accuracy - APART, setting.classes, seed=3)) * setting.classes
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    both = np.minimum(first * second + SHARED_ERRORS * spread, np.minimum(first, second))
    return np.stack([first - both, second - both, 1 - first - second + 2 * both], axis=1)


def share_holding(intervals: Iterable[Interval | None], truth: float) -> float:
    """Share of simulations whose interval holds the truth; one without an interval does not."""
    held = [one is not None and one.low <= truth <= one.high for one in intervals]
    return sum(held) / len(held)


def within_bar(shares: Iterable[float]) -> bool:
    """Whether all shares are close enough to 0.95."""
    return all(BAR[0] <= share <= BAR[1] for share in shares)


def in_words(shares: Mapping[str, float]) -> str:
    """`macro F1 0.951, kappa 0.948`."""
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


if __name__ == "__main__":
    sys.exit(main())
