"""Lines with few enough points to be drawn and sent, without losing a peak."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MAX_POINTS = 1_000


@dataclass(frozen=True)
class Line2D:
    """Points of one line of a chart, each float64 of shape (n,)."""

    x: np.ndarray = field(default_factory=lambda: np.empty(0))
    y: np.ndarray = field(default_factory=lambda: np.empty(0))


def thin(x: np.ndarray, y: np.ndarray, *, max_points: int = MAX_POINTS) -> Line2D:
    """Keep the lowest and the highest point of each bin of neighbours.

    Bins hold a power of two of points and start at multiples of it, so that points already drawn
    stay as they are while a line grows.

    Args:
        x: float64 of shape (n,), ascending.
        y: float64 of shape (n,).
        max_points: upper bound of the points returned.
    """
    width = 1
    while 2 * -(-len(x) // width) > max_points and len(x) > max_points:
        width *= 2
    if width == 1:
        return Line2D(x, y)
    starts = range(0, len(y), width)
    keep: set[int] = set()
    for start in starts:
        part = y[start : start + width]
        if np.isnan(part).all():
            continue
        keep |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    rows = np.array(sorted(keep), dtype=int)
    return Line2D(x[rows], y[rows])
