"""Predictions of one model on many images, in columns: some 70 bytes an image beside its name; no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rsdash.inference.results import Prediction

REFUSED = -1
"""Stands for the class of an image that could not be read."""


class Found:
    """Grows while a folder is worked through; images keep their order."""

    def __init__(self, classes: Sequence[str], top: int) -> None:
        """Begin with no image.

        Args:
            classes: names in label order.
            top: classes named for each image.
        """
        self.classes = tuple(classes)
        self.top = min(top, len(self.classes))
        self.names: list[str] = []
        self.errors: dict[int, str] = {}
        """Position → why there is no prediction."""
        self._number = {name: label for label, name in enumerate(self.classes)}
        self._labels: list[np.ndarray] = []
        self._figures: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self.names)

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Take the next images."""
        for found in predictions:
            labels = np.full(self.top, REFUSED, np.int16)
            figures = np.full(2 * self.top + 2, np.nan, np.float32)
            if found.error:
                self.errors[len(self.names)] = found.error
            else:
                labels[:] = [self._number[name] for name in found.classes]
                figures[: self.top], figures[self.top : -2] = found.confidences, found.probabilities
                figures[-2] = np.nan if found.distance is None else found.distance
                figures[-1] = np.nan if found.unfamiliar is None else found.unfamiliar
            self._labels.append(labels)
            self._figures.append(figures)
            self.names.append(found.file)

    @property
    def answers(self) -> np.ndarray:
        """Most probable class of each image, int16 (n,); REFUSED where there is none."""
        return np.array([labels[0] for labels in self._labels], np.int16)

    @property
    def confidence(self) -> np.ndarray:
        """How sure the model is of it, float32 (n,); NaN where there is no answer."""
        return np.array([figures[0] for figures in self._figures], np.float32)

    @property
    def unfamiliar(self) -> np.ndarray:
        """Whether each image is flagged, bool (n,)."""
        return np.array([figures[-1] == 1 for figures in self._figures], bool)

    def prediction(self, position: int) -> Prediction:
        """One image's prediction, as it came but for rounding to single precision."""
        name, labels, figures = self.names[position], self._labels[position], self._figures[position]
        if position in self.errors:
            return Prediction(file=name, error=self.errors[position])
        distance, flag = figures[-2:].tolist()
        return Prediction(
            file=name,
            classes=tuple(self.classes[label] for label in labels.tolist()),
            confidences=tuple(figures[: self.top].tolist()),
            probabilities=tuple(figures[self.top : -2].tolist()),
            distance=None if np.isnan(distance) else distance,
            unfamiliar=None if np.isnan(flag) else bool(flag),
        )

    def predictions(self) -> Iterator[Prediction]:
        """All of them in order."""
        return map(self.prediction, range(len(self)))


def ordered(found: Found, positions: np.ndarray, by: str) -> np.ndarray:
    """Positions sorted by a name of `ORDERS`; images without an answer come last.

    Args:
        found: the images.
        positions: those wanted, int64 (m,).
        by: one of ORDERS.
    """
    if by == BY_NAME:
        return positions
    keys = found.confidence[positions] * (1 if by == LEAST_SURE else -1)
    return positions[np.argsort(np.nan_to_num(keys, nan=np.inf), kind="stable")]


BY_NAME, LEAST_SURE, MOST_SURE = "by name", "least sure first", "most sure first"
ORDERS = (BY_NAME, LEAST_SURE, MOST_SURE)
