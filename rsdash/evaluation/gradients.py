"""What gradient norms by layer say in a sentence: does the gradient vanish or explode on its way back?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMALL_SHARE, LARGE_SHARE = 0.1, 10.0
"""Outside of these the first layers learn from a gradient of another order than the last."""

FEW_STEPS = 10
"""With fewer measured steps nothing is said of their spread."""


@dataclass(frozen=True)
class Flow:
    """Gradient norm of the first layer group over that of the last, at the measured steps of a run.

    Attributes:
        median: over the steps.
        low: tenth percentile.
        high: ninetieth percentile.
        steps: number of measured steps.
    """

    median: float
    low: float
    high: float
    steps: int


def flow_of(norms: np.ndarray) -> Flow | None:
    """The flow through a network; None where no step has both norms.

    Args:
        norms: float64 of shape (m, G), from the first layer group to the last; NaN where one did not learn.
    """
    if norms.shape[1] < 2:
        return None
    first, last = norms[:, 0], norms[:, -1]
    usable = np.isfinite(first) & np.isfinite(last) & (last > 0)
    if not usable.any():
        return None
    shares = first[usable] / last[usable]
    low, median, high = np.percentile(shares, (10, 50, 90)).tolist()
    return Flow(median, low, high, len(shares))


def flow_in_words(flow: Flow) -> str:
    """`0.35 times the last layer's (...): ` and what that means."""
    spread = f"median of {flow.steps:,} measured steps"
    if flow.steps >= FEW_STEPS:
        spread += f", 80% of them from {flow.low:.2g} to {flow.high:.2g}"
    if flow.median < SMALL_SHARE:
        verdict = ": it fades on its way back to the input, as vanishing gradients do"
    elif flow.median > LARGE_SHARE:
        verdict = ": it grows on its way back to the input, as exploding gradients do"
    else:
        verdict = ": no sign that it vanishes or explodes"
    return f"{flow.median:.2g} times the last layer's ({spread}){verdict}"


def compared_flows(names: tuple[str, str], flows: tuple[Flow, Flow]) -> str:
    """What two runs' flows say about each other, in a sentence."""
    (upper, above), (lower, below) = sorted(
        zip(names, flows, strict=True), key=lambda pair: pair[1].median, reverse=True
    )
    if below.median <= 0:
        return f"In {lower} no gradient reaches the first layer."
    times = above.median / below.median
    apart = above.low > below.high or min(above.steps, below.steps) < FEW_STEPS
    sentence = (
        f"Relative to the last layer, the first layer's gradient is {times:.2g} times as large in {upper} as "
        f"in {lower}"
    )
    return f"{sentence}." if apart else f"{sentence}, but from step to step both vary by more than that."
