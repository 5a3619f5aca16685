"""Which classes an epoch's model takes for which, as a short list of counts."""

from __future__ import annotations

import numpy as np

MOST_CLASSES_IN_FULL = 50
"""With more classes, only the commonest answers to each are kept, and the right one."""
TOP = 5


def confusion_counts(logits: np.ndarray, labels: np.ndarray) -> list[list[int]]:
    """Counts that are not 0, in the order of true and predicted class.

    A row takes about 10 bytes in a log: at most 2,500 rows up to MOST_CLASSES_IN_FULL classes, TOP + 1 a
    class beyond, and never more than there are images.

    Args:
        logits: float of shape (n, K).
        labels: int64 of shape (n,).

    Returns:
        [true class, predicted class, images] each.
    """
    classes = logits.shape[1]
    predicted = logits.argmax(axis=1)
    pairs, counts = np.unique(labels * classes + predicted, return_counts=True)
    truth, answer = pairs // classes, pairs % classes
    if classes > MOST_CLASSES_IN_FULL:
        keep = _common(truth, answer, counts)
        truth, answer, counts = truth[keep], answer[keep], counts[keep]
    return np.stack([truth, answer, counts], axis=1).tolist()


def _common(truth: np.ndarray, answer: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which pairs are among the TOP of their true class, or right: bool, in the order of the pairs."""
    order = np.lexsort((-counts, truth))
    sorted_truth = truth[order]
    first = np.searchsorted(sorted_truth, sorted_truth)
    keep = np.zeros(len(truth), bool)
    keep[order] = np.arange(len(truth)) - first < TOP
    return keep | (truth == answer)
