"""Whether probabilities mean what they say, and how much better they do after temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import log_softmax

from rsdash.evaluation.roles import Role
from rsdash.evaluation.saved import Evaluation

BINS = 15
SIMULATIONS = 200
"""Repetitions behind `ece_if_calibrated`: they fix it to about 1 % of itself."""

TEMPERATURES = (0.05, 20.0)
"""Where the temperature is looked for: a model that is always right would want 0."""

How = Literal["fitted on validation images", "cross-fitted on these images"]


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


@dataclass(frozen=True)
class Calibration:
    """Errors of confidence on n images, as the probabilities come and after temperature scaling.

    Attributes:
        images: n.
        temperature: T by which logits are divided; above 1 for a model that is too sure of itself.
        how: which images T was fitted on.
        ece_before: expected calibration error of the probabilities as they come.
        ece_after: the same after scaling.
        ece_if_calibrated_before: what that error would be by chance for a perfectly calibrated model.
        ece_if_calibrated_after: the same for the scaled confidences.
        log_loss_before: mean cross-entropy in nats.
        log_loss_after: the same after scaling.
        brier_before: Brier score, 0 to 2.
        brier_after: the same after scaling.
    """

    images: int
    temperature: float
    how: How
    ece_before: float
    ece_after: float
    ece_if_calibrated_before: float
    ece_if_calibrated_after: float
    log_loss_before: float
    log_loss_after: float
    brier_before: float
    brier_after: float


def calibrate(evaluation: Evaluation) -> tuple[Calibration, Reliability, Reliability]:
    """Calibration on the most trustworthy images, and its reliability diagrams before and after scaling.

    The temperature is never fitted on the images it is judged on: it comes from the validation images
    where there are others to judge it on, else each image is scaled with the one fitted on other images.
    """
    part = evaluation.part(evaluation.headline_role)
    watched = [role for role in (Role.VALIDATION, Role.SELECTED_ON) if role in evaluation.roles]
    if watched and evaluation.headline_role not in watched:
        fitted = evaluation.part(watched[0])
        temperature = fit_temperature(fitted.logits, fitted.labels)
        scaled, how = part.logits.astype(np.float64) / temperature, "fitted on validation images"
    else:
        scaled, temperature = cross_fitted_temperature(part.logits, part.labels)
        how = "cross-fitted on these images"
    labels = part.labels
    before, after = (log_softmax(logits.astype(np.float64), axis=1) for logits in (part.logits, scaled))
    result = Calibration(
        images=len(labels),
        temperature=temperature,
        how=how,
        ece_before=expected_calibration_error(np.exp(before), labels),
        ece_after=expected_calibration_error(np.exp(after), labels),
        ece_if_calibrated_before=ece_if_calibrated(np.exp(before)),
        ece_if_calibrated_after=ece_if_calibrated(np.exp(after)),
        log_loss_before=_log_loss(before, labels),
        log_loss_after=_log_loss(after, labels),
        brier_before=brier(np.exp(before), labels),
        brier_after=brier(np.exp(after), labels),
    )
    return result, reliability(np.exp(before), labels), reliability(np.exp(after), labels)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """T that minimises the log loss of logits / T (Guo et al. 2017, arXiv 1706.04599); 1 without images.

    Args:
        logits: of shape (n, K).
        labels: int64 of shape (n,).
    """
    if not len(labels):
        return 1.0
    from scipy.optimize import minimize_scalar  # takes half a second, which plain figures need not wait for

    rows = np.arange(len(labels))
    margins = logits.astype(np.float64) - logits[rows, labels].astype(np.float64)[:, None]  # (n, K)
    largest = margins.max(axis=1, keepdims=True)
    margins -= largest

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float(largest.mean() * scale + np.log(np.exp(margins * scale).sum(axis=1)).mean())

    bounds = tuple(np.log(TEMPERATURES))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def cross_fitted_temperature(
    logits: np.ndarray, labels: np.ndarray, *, folds: int = 5, seed: int = 0
) -> tuple[np.ndarray, float]:
    """Logits (n, K) of each fold over the temperature fitted on the other folds, and the mean temperature.

    Args:
        logits: of shape (n, K).
        labels: int64 of shape (n,).
        folds: parts into which the images are drawn at random.
        seed: of that drawing.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    scaled, temperatures = logits.astype(np.float64), []
    for held_out in np.array_split(order, min(folds, len(labels))):
        others = np.setdiff1d(order, held_out, assume_unique=True)
        temperatures.append(fit_temperature(logits[others], labels[others]))
        scaled[held_out] /= temperatures[-1]
    return scaled, float(np.mean(temperatures))


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


def _log_loss(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())
