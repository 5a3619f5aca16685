"""What the audit needs of each image, measured while it is decoded once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from PIL import Image

from rsdash.config import Radiometry
from rsdash.data.dataset import Dataset
from rsdash.data.decoding import decode
from rsdash.data.images import FORMATS
from rsdash.data.manifest import content_hash
from rsdash.data.parallel import Progress, map_in_order
from rsdash.errors import DataChangedError

THUMBNAIL_PX = 16
LEVELS = 255.0
GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Luma of ITU-R BT.601, which JPEG and Pillow use."""
BLANK_SHARE = 0.95
"""Share of pixels of one grey level, told apart as finely as its pixels are, from which an image is blank."""


@dataclass(frozen=True, eq=False)
class Measurements:
    """One row an image.

    Attributes:
        thumbnails: grey values of 16 x 16 equal parts, 0 to 255, float16 (N, 16, 16).
        means: of the first three channels (of the only one, thrice), 0 to 255, float32 (N, 3).
        contrast: standard deviation of the grey values, float32 (N,).
        pixel_hashes: of the decoded pixels and their shape.
        modes: kinds of pixels.
        blank: whether nearly all pixels have one grey level, bool (N,).
    """

    thumbnails: np.ndarray
    means: np.ndarray
    contrast: np.ndarray
    pixel_hashes: tuple[bytes, ...]
    modes: tuple[str, ...]
    blank: np.ndarray


@dataclass(frozen=True, eq=False)
class _Measured:
    thumbnail: np.ndarray
    means: np.ndarray
    contrast: float
    pixel_hash: bytes
    mode: str
    blank: bool


def measure(dataset: Dataset, on_progress: Progress | None = None) -> Measurements:
    """Decode every image once, in parallel, as training reads it: with the radiometry of the data set.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
    """
    count = len(dataset.manifest)
    thumbnails = np.empty((count, THUMBNAIL_PX, THUMBNAIL_PX), dtype=np.float16)
    means = np.empty((count, 3), dtype=np.float32)
    contrast = np.empty(count, dtype=np.float32)
    blank = np.empty(count, dtype=bool)
    hashes: list[bytes] = []
    modes: list[str] = []
    results: Iterator[_Measured] = map_in_order(partial(_measure_row, dataset), range(count), on_progress)
    for row, one in enumerate(results):
        thumbnails[row], means[row], contrast[row] = one.thumbnail, one.means, one.contrast
        blank[row] = one.blank
        hashes.append(one.pixel_hash)
        modes.append(one.mode)
    return Measurements(thumbnails, means, contrast, tuple(hashes), tuple(modes), blank)


def read_pixels(dataset: Dataset, row: int) -> np.ndarray:
    """The pixels of an image in native size: (H, W, C), of the type that it is decoded to.

    Raises:
        DataChangedError: the file is no longer the one that was scanned.
    """
    return _decode(dataset, row)[0]


def to_levels(pixels: np.ndarray) -> np.ndarray:
    """Pixel values as grey levels from 0 to 255, float32 of the same shape."""
    return pixels.astype(np.float32) * np.float32(LEVELS / np.iinfo(pixels.dtype).max)


def to_grey(levels: np.ndarray) -> np.ndarray:
    """Luma of three channels, else the mean over channels: float32 (H, W) of (H, W, C)."""
    channels = levels.shape[2]
    weights = GREY_WEIGHTS if channels == 3 else np.full(channels, 1 / channels, dtype=np.float32)
    return levels @ weights


def _measure_row(dataset: Dataset, row: int) -> _Measured:
    pixels, mode = _decode(dataset, row)
    levels = to_levels(pixels)
    means = _channel_means(levels)
    grey = to_grey(levels)
    centred = (grey - grey.mean()).ravel()
    blank = _is_blank(grey, pixels.dtype)
    return _Measured(
        thumbnail=_thumbnail(grey),
        means=means[:3] if len(means) >= 3 else np.full(3, means[0]),
        contrast=float(np.sqrt(centred @ centred / centred.size)),
        pixel_hash=_pixel_hash(pixels),
        mode="RGB without colour" if mode == "RGB" and not blank and _is_grey(pixels) else mode,
        blank=blank,
    )


def _decode(dataset: Dataset, row: int) -> tuple[np.ndarray, str]:
    name = dataset.manifest.names[row]
    data = dataset.read_image(row)
    if content_hash(data) != dataset.manifest.hashes[row]:
        raise DataChangedError(
            f"{name} of the data set {dataset.name!r} changed since it was scanned. Add the data set again."
        )
    radiometry = dataset.info.radiometry
    return decode(data, name, radiometry), _mode(data, name, radiometry)


def _mode(data: bytes, name: str, radiometry: Radiometry) -> str:
    """How the file stores a pixel, which decoding levels out: Pillow's name, or bands and number format."""
    if radiometry.is_rgb8:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.mode
    from rsdash.data.rasters import kind_of  # rasterio takes half a second to import

    kind = kind_of(data, name)
    return f"{kind.bands} band{'' if kind.bands == 1 else 's'} of {kind.dtype}"


def _is_grey(pixels: np.ndarray) -> bool:
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return np.array_equal(red, green) and np.array_equal(green, blue)


def _channel_means(levels: np.ndarray) -> np.ndarray:
    """Float32 (C,) of (H, W, C): a product, many times faster than `mean` over two axes."""
    flat = levels.reshape(-1, levels.shape[2])
    return np.full(len(flat), 1 / len(flat), dtype=np.float32) @ flat


def _thumbnail(grey: np.ndarray) -> np.ndarray:
    """Means over 16 x 16 equal parts; the same for each symmetry of an image, up to that symmetry."""
    height, width = grey.shape
    return _averaging(height) @ grey @ _averaging(width).T


@lru_cache(maxsize=64)
def _averaging(side_px: int) -> np.ndarray:
    """What turns `side_px` values into 16 means over equal stretches, cut pixels by share: (16, side_px)."""
    edges = np.linspace(0, side_px, THUMBNAIL_PX + 1)
    pixels = np.arange(side_px)
    left = np.maximum(edges[:-1, None], pixels)
    right = np.minimum(edges[1:, None], pixels + 1)
    return (np.clip(right - left, 0, None) * (THUMBNAIL_PX / side_px)).astype(np.float32)


def _pixel_hash(pixels: np.ndarray) -> bytes:
    digest = hashlib.blake2b(repr((pixels.shape, pixels.dtype.str)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.digest()


def _is_blank(grey: np.ndarray, dtype: np.dtype) -> bool:
    """Of 16 bits, the 256 grey levels would lump the whole of a dark lake together."""
    finest = np.round(grey * np.float32(np.iinfo(dtype).max / LEVELS)).astype(dtype)
    counts = np.bincount(finest.ravel())
    return bool(counts.max() >= BLANK_SHARE * grey.size)
