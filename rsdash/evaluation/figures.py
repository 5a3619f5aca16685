"""The figures of one run, derived from its evaluation.npz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from rsdash.evaluation import matrix
from rsdash.evaluation.calibration import brier, ece_if_calibrated, expected_calibration_error
from rsdash.evaluation.intervals import (
    FEWEST_GROUPS,
    Interval,
    bootstrap_confusion,
    cluster_bootstrap,
    wilson_interval,
)
from rsdash.evaluation.matrix import PerClass
from rsdash.evaluation.saved import Evaluation

TOP = 5
"""Guesses behind the top-5 accuracy."""

OF_CLASSES = {"average_accuracy": matrix.average_accuracy, "macro_f1": matrix.macro_f1, "kappa": matrix.kappa}
"""Statistics of the confusion matrix whose intervals are bootstrapped."""


@dataclass(frozen=True)
class Figures:
    """How well a model does on n images of one role.

    Attributes:
        role: what the figures are worth.
        images: n.
        groups: number of groups where images of a group depend on each other; 0 where all are independent.
        accuracy: overall accuracy, the share of images that are right.
        top5: share of images whose class is among the five most probable; None for five classes or fewer.
        loss: mean cross-entropy (log loss), in nats.
        average_accuracy: mean over classes of the share of a class's images that are right.
        macro_precision: mean over classes of user's accuracy.
        macro_f1: mean over classes of the harmonic mean of user's and producer's accuracy.
        kappa: Cohen's kappa; its use on maps is disputed (Pontius and Millones 2011).
        brier: squared distance of probabilities to the truth, summed over classes, mean over images: 0 to 2.
        ece: expected calibration error over 15 bins.
        ece_if_calibrated: what that error would be by chance alone for a perfectly calibrated model.
        intervals: 95 % intervals of `accuracy`, `average_accuracy`, `macro_f1` and `kappa`; none where
            there are fewer than 20 groups, and of the last three none where no image is wrong.
        confusion: int64 of shape (K, K), rows are true classes, columns predicted ones.
        per_class: figures of each class.
        classes: class names in label order.
    """

    role: str
    images: int
    groups: int
    accuracy: float
    top5: float | None
    loss: float
    average_accuracy: float
    macro_precision: float
    macro_f1: float
    kappa: float
    brier: float
    ece: float
    ece_if_calibrated: float
    intervals: Mapping[str, Interval]
    confusion: np.ndarray
    per_class: PerClass
    classes: tuple[str, ...]

    @property
    def accuracy_half_width(self) -> float | None:
        """Half the width of the 95 % interval of the accuracy; None where there is none."""
        return self.half_width("accuracy")

    def half_width(self, statistic: str) -> float | None:
        """Half the width of a statistic's 95 % interval; None where there is none."""
        interval = self.intervals.get(statistic)
        return interval.half_width if interval else None


def headline(evaluation: Evaluation) -> Figures:
    """The figures on the images of the most trustworthy role."""
    return figures_for(evaluation.part(evaluation.headline_role))


def figures_for(part: Evaluation) -> Figures:
    """The figures on images of one role."""
    predicted = part.logits.argmax(axis=1)
    count, classes = len(part.labels), len(part.classes)
    confusion = confusion_of(part.labels, predicted, classes)
    log_probabilities = log_softmax(part.logits.astype(np.float64), axis=1)
    probabilities = np.exp(log_probabilities)
    return Figures(
        role=str(part.roles[0]),
        images=count,
        groups=0 if part.groups is None else len(np.unique(part.groups)),
        accuracy=float(matrix.accuracy(confusion)),
        top5=top_accuracy(part.logits, part.labels, TOP) if classes > TOP else None,
        loss=float(-log_probabilities[np.arange(count), part.labels].mean()),
        average_accuracy=float(matrix.average_accuracy(confusion)),
        macro_precision=float(matrix.macro_precision(confusion)),
        macro_f1=float(matrix.macro_f1(confusion)),
        kappa=float(matrix.kappa(confusion)),
        brier=brier(probabilities, part.labels),
        ece=expected_calibration_error(probabilities, part.labels),
        ece_if_calibrated=ece_if_calibrated(probabilities),
        intervals=_intervals(part, predicted, confusion),
        confusion=confusion,
        per_class=matrix.per_class(confusion),
        classes=part.classes,
    )


def confusion_of(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Confusion matrix, int64 of shape (K, K): rows are true classes, columns predicted ones."""
    counts = np.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def top_accuracy(logits: np.ndarray, labels: np.ndarray, guesses: int) -> float:
    """Share of images whose class is among the most probable; of equal logits the first class wins."""
    of_truth = logits[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    ahead = (logits > of_truth) | ((logits == of_truth) & earlier)  # (n, K)
    return float((ahead.sum(axis=1) < guesses).mean())


def _intervals(part: Evaluation, predicted: np.ndarray, confusion: np.ndarray) -> dict[str, Interval]:
    """Over images where they are independent, over groups otherwise; none for too few groups."""
    if part.groups is None:
        accuracy = wilson_interval(int(np.trace(confusion)), len(part.labels))
        return {"accuracy": accuracy, **bootstrap_confusion(confusion, OF_CLASSES)}
    names, numbers = np.unique(part.groups, return_inverse=True)
    if len(names) < FEWEST_GROUPS:
        return {}
    classes = len(part.classes)
    cells = numbers * classes**2 + part.labels * classes + predicted
    by_group = np.bincount(cells, minlength=len(names) * classes**2).reshape(-1, classes, classes)
    return cluster_bootstrap(by_group, {"accuracy": matrix.accuracy, **OF_CLASSES})
