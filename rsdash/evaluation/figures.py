"""The figures of one run, derived from its evaluation.npz."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import log_softmax, ndtri

from rsdash.errors import RunError
from rsdash.evaluation.roles import MERIT

_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    RuntimeError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
)
"""What numpy and zipfile raise on damaged bytes."""


@dataclass(frozen=True)
class Evaluation:
    """Logits of a run's reported weights on images that it did not train on.

    Attributes:
        logits: float32 of shape (n, K).
        labels: int64 of shape (n,).
        rows: int64 of shape (n,), rows of the data set's manifest.
        roles: text of shape (n,), what a figure on each image is worth.
        classes: K class names in label order.
    """

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    roles: np.ndarray
    classes: tuple[str, ...]

    @property
    def headline_role(self) -> str:
        """The most trustworthy role there is."""
        present = set(self.roles.tolist())
        return next(role for role in MERIT if role in present)

    def part(self, role: str) -> Evaluation:
        """The images of one role."""
        chosen = self.roles == role
        return Evaluation(
            self.logits[chosen], self.labels[chosen], self.rows[chosen], self.roles[chosen], self.classes
        )


@dataclass(frozen=True)
class Figures:
    """How well a model does on n images of one role.

    Attributes:
        role: what the figures are worth.
        images: n.
        accuracy: overall accuracy, the share of images that are right.
        accuracy_low: lower end of its 95 % interval (Wilson 1927).
        accuracy_high: upper end.
        loss: mean cross-entropy (log loss), in nats.
        average_accuracy: mean over classes of the share of a class's images that are right.
        macro_f1: mean over classes of the harmonic mean of user's and producer's accuracy.
        kappa: Cohen's kappa; its use on maps is disputed (Pontius and Millones 2011).
        confusion: int64 of shape (K, K), rows are true classes, columns predicted ones.
        classes: class names in label order.
    """

    role: str
    images: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    loss: float
    average_accuracy: float
    macro_f1: float
    kappa: float
    confusion: np.ndarray
    classes: tuple[str, ...]

    @property
    def accuracy_half_width(self) -> float:
        """Half the width of the 95 % interval of the accuracy."""
        return (self.accuracy_high - self.accuracy_low) / 2


def read_evaluation(path: Path) -> Evaluation:
    """Read evaluation.npz.

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            classes = tuple(saved["classes"].tolist())
            evaluation = Evaluation(saved["logits"], saved["labels"], saved["rows"], saved["roles"], classes)
            fits = _fits_together(evaluation)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent.name} has no evaluation yet.") from error
    except _BROKEN as error:
        raise RunError(f"{path} is damaged and cannot be read.") from error
    if not fits:
        raise RunError(f"{path} is damaged: its arrays do not fit together.")
    return evaluation


def headline(evaluation: Evaluation) -> Figures:
    """The figures on the images of the most trustworthy role."""
    return figures_for(evaluation.part(evaluation.headline_role))


def figures_for(part: Evaluation) -> Figures:
    """The figures on images of one role."""
    predicted = part.logits.argmax(axis=1)
    count, classes = len(part.labels), len(part.classes)
    confusion = np.bincount(part.labels * classes + predicted, minlength=classes**2)
    confusion = confusion.reshape(classes, classes)
    right = int(np.trace(confusion))
    low, high = wilson_interval(right, count)
    losses = -log_softmax(part.logits.astype(np.float64), axis=1)[np.arange(count), part.labels]
    return Figures(
        role=str(part.roles[0]),
        images=count,
        accuracy=right / count,
        accuracy_low=low,
        accuracy_high=high,
        loss=float(losses.mean()),
        average_accuracy=_average_accuracy(confusion),
        macro_f1=_macro_f1(confusion),
        kappa=_kappa(confusion),
        confusion=confusion,
        classes=part.classes,
    )


def _fits_together(evaluation: Evaluation) -> bool:
    """Whether shapes agree, each label names a class and each role is known."""
    labels, count = evaluation.labels, len(evaluation.labels)
    if not count or evaluation.logits.shape != (count, len(evaluation.classes)):
        return False
    columns = (labels, evaluation.rows, evaluation.roles)
    if any(column.shape != (count,) for column in columns) or labels.dtype.kind != "i":
        return False
    in_range = labels.min() >= 0 and labels.max() < len(evaluation.classes)
    return bool(in_range) and set(evaluation.roles.tolist()) <= set(MERIT)


def wilson_interval(right: int, count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share, `right` of `count` (Wilson 1927, JASA 22:209-212).

    scipy.stats has it too, but takes over a second to import, which the first visitor would wait for.
    """
    z = float(ndtri(0.5 + confidence / 2))
    share, pull = right / count, z**2 / count
    centre = (share + pull / 2) / (1 + pull)
    half = z * np.sqrt(share * (1 - share) / count + pull / (4 * count)) / (1 + pull)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _average_accuracy(confusion: np.ndarray) -> float:
    """Mean producer's accuracy over the classes that occur."""
    totals = confusion.sum(axis=1)
    occurs = totals > 0
    return float((np.diag(confusion)[occurs] / totals[occurs]).mean())


def _macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 over the classes that occur or are predicted; a class never right counts 0."""
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    seen = both > 0
    return float((2 * np.diag(confusion)[seen] / both[seen]).mean())


def _kappa(confusion: np.ndarray) -> float:
    """Agreement beyond what the margins give by chance (Cohen 1960); 0 where chance already agrees fully."""
    count = confusion.sum()
    expected = float((confusion.sum(axis=0) @ confusion.sum(axis=1)) / count**2)
    observed = float(np.trace(confusion) / count)
    return (observed - expected) / (1 - expected) if expected < 1 else 0.0
