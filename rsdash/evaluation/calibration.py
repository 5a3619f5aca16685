"""Whether probabilities mean what they say: reliability, calibration error and Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15
SIMULATIONS = 200
"""Repetitions behind `ece_if_calibrated`: they fix it to about 1 % of itself."""


@dataclass(frozen=True)
class Reliability:
    """How often predictions are right, by how sure the model was.

    Attributes:
        edges: float64 of shape (bins + 1,), from 0 to 1; a bin holds its upper edge.
        confidence: float64 of shape (bins,), mean top probability of the images in a bin; NaN if empty.
        accuracy: float64 of shape (bins,), share of them that is right; NaN if empty.
        count: int64 of shape (bins,), number of images.
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def reliability(probabilities: np.ndarray, labels: np.ndarray, *, bins: int = BINS) -> Reliability:
    """Bins of equal width on the top probability.

    Args:
        probabilities: of shape (n, K), rows sum to 1.
        labels: int64 of shape (n,).
        bins: their number.
    """
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    numbers = np.digitize(top, edges[1:-1], right=True)
    count = np.bincount(numbers, minlength=bins)
    whole = np.where(count > 0, count, np.nan)
    return Reliability(
        edges=edges,
        confidence=np.bincount(numbers, weights=top, minlength=bins) / whole,
        accuracy=np.bincount(numbers, weights=right, minlength=bins) / whole,
        count=count,
    )


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, *, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over bins, by their images (Naeini et al. 2015).

    doi 10.1609/aaai.v29i1.9602. It is above 0 for a perfectly calibrated model too, the more so the fewer
    images there are: read it beside `ece_if_calibrated`.
    """
    bars = reliability(probabilities, labels, bins=bins)
    gaps = np.abs(bars.accuracy - bars.confidence) * bars.count
    return float(np.nansum(gaps) / len(labels))


def ece_if_calibrated(
    probabilities: np.ndarray, *, bins: int = BINS, simulations: int = SIMULATIONS, seed: int = 0
) -> float:
    """Mean calibration error that a perfectly calibrated model with these confidences would show.

    Each image is right with its own top probability (consistency resampling, Bröcker and Smith 2007,
    doi 10.1175/WAF993.1).

    Args:
        probabilities: of shape (n, K).
        bins: as for the error itself.
        simulations: repetitions.
        seed: of the repetitions.
    """
    top = np.sort(probabilities.max(axis=1))
    numbers = np.digitize(top, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    rng, total = np.random.default_rng(seed), 0.0
    for _ in range(simulations):
        surplus = (rng.random(len(top)) < top) - top
        total += np.abs(np.add.reduceat(surplus, starts)).sum()
    return float(total / simulations / len(top))


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Squared distance to the truth, summed over classes, mean over images: 0 to 2 (Brier 1950).

    doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    of_truth = probabilities[np.arange(len(labels)), labels]
    squares = (probabilities**2).sum(axis=1) - of_truth**2 + (1 - of_truth) ** 2
    return float(squares.mean())
