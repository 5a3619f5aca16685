"""Filters as small pictures side by side."""

from __future__ import annotations

import numpy as np

GAP_PX = 1
COLUMNS = 16


def filter_mosaic(filters: np.ndarray, *, columns: int = COLUMNS, scale: int = 1) -> np.ndarray:
    """A grid of filters; grey is a weight of 0, and each filter's largest weight is white or black.

    Args:
        filters: float of shape (F, 3, k, k) for colours, or (F, k, k) for grey.
        columns: filters in a row.
        scale: side of a weight, px.

    Returns:
        uint8 of shape (height, width, 4), transparent between filters.
    """
    filters = filters.astype(np.float64)
    if filters.ndim == 3:
        filters = np.repeat(filters[:, None], 3, axis=1)
    count, _, side, _ = filters.shape
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    shown = 0.5 + 0.5 * filters / np.where(largest > 0, largest, 1.0)  # (F, 3, k, k) on [0, 1]
    rows = -(-count // columns)
    width = min(columns, count)
    step = side + GAP_PX
    mosaic = np.zeros((rows * step - GAP_PX, width * step - GAP_PX, 4), np.uint8)
    for number, picture in enumerate(shown):
        top, left = number // columns * step, number % columns * step
        tile = mosaic[top : top + side, left : left + side]
        tile[..., :3] = np.round(255 * picture.transpose(1, 2, 0))
        tile[..., 3] = 255
    return mosaic.repeat(scale, axis=0).repeat(scale, axis=1)
