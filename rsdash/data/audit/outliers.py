"""Images whose size or kind of pixel is unlike that of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rsdash.data.audit.result import Rows

COMMON_SHARE = 0.9
"""Share of the images that must agree before the others stand out."""
SIDE_FACTOR = 4.0
"""Where sizes are mixed: factor from the median side at which an image stands out."""


def size_outliers(widths: np.ndarray, heights: np.ndarray) -> Rows:
    """Rows of unusual size: unlike 90 % of the images, or, where no size is that common, far from the median.

    Args:
        widths: px, int64 (N,).
        heights: px, int64 (N,).
    """
    sizes = np.stack([widths, heights], axis=1)
    kinds, which, counts = np.unique(sizes, axis=0, return_inverse=True, return_counts=True)
    if counts.max() >= COMMON_SHARE * len(sizes):
        unusual = which.reshape(-1) != counts.argmax()
    else:
        sides = np.sqrt(kinds.prod(axis=1))[which.reshape(-1)]
        ratio = sides / np.median(sides)
        unusual = (ratio >= SIDE_FACTOR) | (ratio <= 1 / SIDE_FACTOR)
    return tuple(np.flatnonzero(unusual).tolist())


def mode_outliers(modes: Sequence[str]) -> Rows:
    """Rows of another kind of pixel than 90 % have; none where no kind is that common."""
    common, count = Counter(modes).most_common(1)[0]
    if count < COMMON_SHARE * len(modes):
        return ()
    return tuple(row for row, mode in enumerate(modes) if mode != common)
