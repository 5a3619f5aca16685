"""What a result cost: how long a run took to reach an accuracy."""

from __future__ import annotations

import numpy as np


def seconds_to(target: float, accuracy: np.ndarray, elapsed_s: np.ndarray) -> float | None:
    """Training time until the accuracy after an epoch first reached a target; None where it never did.

    Args:
        target: share from 0 to 1.
        accuracy: after each epoch, float64 of shape (n,); NaN where it was not measured.
        elapsed_s: training time at these moments, float64 of shape (n,).
    """
    reached = np.flatnonzero(accuracy >= target)
    return float(elapsed_s[reached[0]]) if len(reached) else None
