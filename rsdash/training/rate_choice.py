"""What a sweep over learning rates says: when it has seen enough, and the rate it suggests; no torch.

The rate rises a little at each step (Smith 2017, arXiv 1506.01186, section 3.3). The suggested rate is where
the smoothed loss falls most steeply over the logarithm of the rate, on its way to its minimum: far enough
above rates that change nothing, and below those at which training breaks down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LOWEST, HIGHEST = 1e-6, 10.0
STEPS = 85
"""12 a decade."""
RISEN = 4.0
"""A sweep ends once the smoothed loss is so many times its lowest."""
FOLLOWING = 0.8
"""Decay of the running average by which the end of a sweep is judged."""
BLUR_STEPS = 2.5
"""Standard deviation of the kernel that smooths a whole sweep; it is even, so that nothing is shifted."""
REAL_FALL = 0.03
"""Share of its first value by which the smoothed loss must fall, or there is nothing to suggest."""


def swept_rates() -> np.ndarray:
    """The rates of a sweep, evenly spaced in their logarithm, float64 of shape (STEPS,)."""
    return np.geomspace(LOWEST, HIGHEST, STEPS)


def has_risen(losses: Sequence[float]) -> bool:
    """Whether a sweep can end: the running average of the loss is RISEN times its lowest, or no number.

    Args:
        losses: of the steps so far, in nats.
    """
    average, lowest = 0.0, math.inf
    for count, loss in enumerate(losses, start=1):
        if not math.isfinite(loss):
            return True
        average = FOLLOWING * average + (1 - FOLLOWING) * loss
        unbiased = average / (1 - FOLLOWING**count)
        lowest = min(lowest, unbiased)
        if unbiased > RISEN * lowest:
            return True
    return False


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """The losses of a sweep without the noise of single batches, float64 of shape (n,).

    Args:
        losses: finite, in nats.
    """
    values = np.asarray(losses, dtype=float)
    distance = np.arange(len(values))[:, None] - np.arange(len(values))[None, :]
    kernel = np.exp(-0.5 * (distance / BLUR_STEPS) ** 2)
    return kernel @ values / kernel.sum(axis=1)


def suggested_rate(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate of the steepest descent, to two digits; None where the loss does not fall.

    Args:
        rates: ascending.
        losses: finite, at these rates, in nats.
    """
    if len(losses) < 3:
        return None
    curve = smoothed(losses)
    lowest = int(curve.argmin())
    if lowest < 2 or curve[0] - curve[lowest] < REAL_FALL * curve[0]:
        return None
    slopes = np.gradient(curve, np.log10(np.asarray(rates[: len(curve)])))
    steepest = int(slopes[: lowest + 1].argmin())
    return float(f"{rates[steepest]:.1e}")
