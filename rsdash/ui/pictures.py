"""Pixels as the bytes and addresses that pages show."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from rsdash.data import Dataset

JPEG_QUALITY = 85


def png(pixels: np.ndarray) -> bytes:
    """A picture without loss.

    Args:
        pixels: uint8 of shape (height, width, 3), or 4 with transparency.
    """
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg_address(pixels: np.ndarray) -> str:
    """A small picture as a data address, which a cell of a table can hold.

    Args:
        pixels: uint8 of shape (height, width, 3).
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def version_of(dataset: Dataset) -> str:
    """Changes with what the images of a data set look like."""
    return f"{dataset.manifest.fingerprint} {dataset.info.radiometry.digest}"
