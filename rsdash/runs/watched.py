"""What a run records of its inner life: gradients, answers to probe tiles, confusion of each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Answers = tuple[tuple[tuple[int, float], ...], ...]
"""For each probe tile (class, probability) from the likeliest class on."""


@dataclass(frozen=True)
class LayerHistory:
    """Gradients at m measured steps in G layer groups, from input to output.

    Attributes:
        names: of the groups.
        sizes: numbers in the weights of each.
        step: float64 of shape (m,), ascending.
        epoch: the same in epochs.
        norms: gradient norms, float64 of shape (m, G); NaN where a group did not learn.
        ratios: norm of the weights' change over the norm of the weights, (m, G).
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    step: np.ndarray
    epoch: np.ndarray
    norms: np.ndarray
    ratios: np.ndarray


@dataclass(frozen=True)
class Confusion:
    """Which classes were taken for which after one epoch.

    Attributes:
        step: optimizer steps taken.
        epoch: counted from 1.
        images: number of measured images; more than are counted where there are many classes.
        counts: int64 of shape (e, 3): true class, predicted class, images.
    """

    step: int
    epoch: int
    images: int
    counts: np.ndarray


@dataclass(frozen=True)
class ProbeHistory:
    """What the model thought of a fixed set of T tiles after each of m epochs.

    Attributes:
        names: their files relative to the data set.
        labels: true classes.
        rows: of the data set's manifest.
        step: float64 of shape (m,).
        epoch: the same in epochs.
        answers: one an epoch.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]
    rows: tuple[int, ...]
    step: np.ndarray
    epoch: np.ndarray
    answers: tuple[Answers, ...]

    def shares(self, tile: int, label: int) -> np.ndarray:
        """Probability of a class for a tile over the epochs, float64 of shape (m,); NaN where not kept."""
        found = [dict(answer[tile]).get(label, np.nan) for answer in self.answers]
        return np.array(found, dtype=float)


def confusion_from(fields: Mapping[str, Any]) -> Confusion:
    """The confusion that an event holds.

    Raises:
        ValueError, TypeError, KeyError: it is damaged.
    """
    counts = np.array(fields["counts"], dtype=np.int64).reshape(-1, 3)
    return Confusion(int(fields["step"]), int(fields["epoch"]), int(fields["images"]), frozen(counts))


def layer_history(
    layers: Mapping[str, Any], steps: list[float], epochs: list[float], values: list[Any]
) -> LayerHistory:
    """Columns from rows of (norms, ratios)."""
    names = tuple(map(str, layers.get("names", ())))
    shape = (len(values), 2, len(names))
    table = np.array(values, dtype=float).reshape(shape)  # None becomes NaN
    return LayerHistory(
        names,
        tuple(map(int, layers.get("sizes", ()))),
        frozen(np.array(steps, dtype=float)),
        frozen(np.array(epochs, dtype=float)),
        frozen(table[:, 0]),
        frozen(table[:, 1]),
    )


def probe_history(
    probes: Mapping[str, Any], steps: list[float], epochs: list[float], values: list[Any]
) -> ProbeHistory:
    """The same for answers to probe tiles."""
    return ProbeHistory(
        tuple(map(str, probes.get("names", ()))),
        tuple(map(int, probes.get("labels", ()))),
        tuple(map(int, probes.get("rows", ()))),
        frozen(np.array(steps, dtype=float)),
        frozen(np.array(epochs, dtype=float)),
        tuple(values),
    )


def frozen(array: np.ndarray) -> np.ndarray:
    """The array itself, from now on read-only."""
    array.flags.writeable = False
    return array
