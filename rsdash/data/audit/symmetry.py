"""The eight symmetries of a square, for arrays."""

from __future__ import annotations

import numpy as np

SYMMETRY_NAMES = (
    "as it is",
    "turned by 90°",
    "turned by 180°",
    "turned by 270°",
    "mirrored left to right",
    "mirrored on the rising diagonal",
    "mirrored top to bottom",
    "mirrored on the falling diagonal",
)
"""By number; turns are counter-clockwise. The numbers are those of `rsdash.data.augmentation.symmetry`."""


def symmetry(image: np.ndarray, number: int) -> np.ndarray:
    """One of the 8 symmetries: quarter turns `number % 4`, then mirrored left-right from 4 on.

    Args:
        image: (H, W) or (H, W, C).
        number: 0 to 7.

    Returns:
        A view; its sides are swapped where `number` is odd.
    """
    turned = np.rot90(image, number % 4)
    return turned[:, ::-1] if number >= 4 else turned
