"""A map of what speaks for a class, laid over its image."""

from __future__ import annotations

import numpy as np
from PIL import Image

HEAT = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], np.float64)
"""Colours from 0 to 1, of even steps in lightness (those of matplotlib's inferno)."""
FOR, AGAINST = np.array([200.0, 30.0, 30.0]), np.array([30.0, 60.0, 200.0])
FLAT = 1e-9


def overlay(pixels: np.ndarray, values: np.ndarray, opacity: float, *, signed: bool = False) -> np.ndarray:
    """Lay a map over an image; the higher a value, the less of the image shows through.

    Args:
        pixels: uint8 (height, width, 3).
        values: (h, w) over the whole image, drawn as shares of the largest.
        opacity: of the strongest value, from 0 to 1.
        signed: red speaks for the class and blue against it; otherwise heat, from 0 upwards.

    Returns:
        uint8 (height, width, 3).
    """
    height, width = pixels.shape[:2]
    small = Image.fromarray(values.astype(np.float32))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), np.float64)
    largest = max(float(np.abs(values).max()), FLAT)
    strength = np.clip(np.abs(smooth) / largest, 0, 1)[..., None]  # (height, width, 1)
    if signed:
        colours = np.where(smooth[..., None] > 0, FOR, AGAINST)
    else:
        anchors = np.linspace(0, 1, len(HEAT))
        colours = np.stack(
            [np.interp(strength[..., 0], anchors, HEAT[:, band]) for band in range(3)], axis=-1
        )
    alpha = opacity * strength
    return np.rint(pixels * (1 - alpha) + colours * alpha).astype(np.uint8)
