"""A fixed handful of images whose probabilities are followed from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

PER_CLASS = 2
MOST_TILES = 20
TOP = 5
"""Classes of a tile that are kept an epoch, besides its own."""


@dataclass(frozen=True)
class Probes:
    """The tiles.

    Attributes:
        positions: among the images that are measured after each epoch, int64 of shape (T,).
        rows: of the data set's manifest.
        names: files relative to the data set.
        labels: true classes.
    """

    positions: np.ndarray
    rows: tuple[int, ...]
    names: tuple[str, ...]
    labels: tuple[int, ...]


def choose_probes(labels: np.ndarray, rows: np.ndarray, names: Sequence[str]) -> Probes:
    """The first tiles of each class, PER_CLASS or as many as MOST_TILES allow; of classes evenly spread
    where there are more classes than that.

    Args:
        labels: of the measured images, int64 of shape (n,).
        rows: their rows in the manifest, int64 of shape (n,).
        names: their files.
    """
    present = np.unique(labels)
    if len(present) > MOST_TILES:
        present = present[np.linspace(0, len(present) - 1, MOST_TILES).round().astype(int)]
    each = max(1, min(PER_CLASS, MOST_TILES // max(len(present), 1)))
    chosen = [np.flatnonzero(labels == label)[:each] for label in present]
    positions = np.concatenate(chosen) if chosen else np.empty(0, np.int64)
    picked = positions.tolist()
    return Probes(
        positions,
        tuple(int(rows[i]) for i in picked),
        tuple(names[i] for i in picked),
        tuple(int(labels[i]) for i in picked),
    )


def probe_answers(probes: Probes, logits: np.ndarray) -> list[list[list[float]]]:
    """What a model thinks of each tile: its likeliest classes, and the true one where it is not among them.

    About 70 bytes a tile in a log.

    Args:
        probes: T tiles.
        logits: of all measured images, float of shape (n, K).

    Returns:
        For each tile [class, probability to four digits] from the likeliest on.
    """
    shares = softmax(logits[probes.positions].astype(np.float64), axis=1)  # (T, K)
    answers = []
    for share, label in zip(shares, probes.labels, strict=True):
        likeliest = np.argsort(-share, kind="stable")[:TOP].tolist()
        classes = likeliest if label in likeliest else [*likeliest, label]
        answers.append([[int(k), round(float(share[k]), 4)] for k in classes])
    return answers
