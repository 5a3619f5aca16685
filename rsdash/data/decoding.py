"""Decode any image as a radiometry says: 8-bit ones through Pillow, bands of GeoTIFFs through rasterio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from rsdash.config import RGB8, Radiometry
from rsdash.data.images import decode_rgb, identify, load, to_rgb
from rsdash.data.positions import UNKNOWN, Position
from rsdash.errors import ImageError

_GEO_KEYS = 34735
"""The TIFF tag that ties an image to the Earth (OGC 19-008r4)."""
TOP = 65535
"""The level of uint16 pixels that stands for the value 1."""


class Facts(NamedTuple):
    """What a scan notes of an image that it has decoded: size in px, and where it lies."""

    width: int
    height: int
    position: Position = UNKNOWN


def examine(data: bytes, name: str, radiometry: Radiometry = RGB8) -> Facts:
    """Decode one image in full, to see that it can be, and note its size and position.

    Args:
        data: the bytes of the file.
        name: what the file is called in messages.
        radiometry: how its numbers are read.

    Raises:
        ImageError: see `decode`.
    """
    if not radiometry.is_rgb8:
        levels, position = _read_bands(data, name, radiometry)
        return Facts(levels.shape[1], levels.shape[0], position)
    image = load(data, name)
    to_rgb(image, name)
    if _GEO_KEYS not in getattr(image, "tag_v2", ()):
        return Facts(image.width, image.height)
    from rsdash.data.rasters import position_of  # see there

    return Facts(image.width, image.height, position_of(data, name))


def decode(data: bytes, name: str, radiometry: Radiometry = RGB8, side_px: int | None = None) -> np.ndarray:
    """Decode one image to an array.

    Args:
        data: the bytes of the file.
        name: what the file is called in messages.
        radiometry: which bands, scale and offset.
        side_px: side of the square that the image is squashed to (antialiased bilinear); None
            keeps its size.

    Returns:
        (height, width, C): uint8 with rgb8, otherwise uint16, where 65535 stands for the value 1.

    Raises:
        ImageError: not an image of a known format, damaged, too large, without a band that the
            radiometry names, or with bands where the radiometry is rgb8.
    """
    if radiometry.is_rgb8:
        return decode_rgb(data, name, side_px)
    levels, _ = _read_bands(data, name, radiometry)
    return levels if side_px is None else resize(levels, side_px)


def resize(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """Squash pixels to a square as `decode` does: antialiased bilinear.

    Args:
        pixels: uint8 (height, width, 3), or uint16 (height, width, C), each band by itself then.
        side_px: of the square.

    Returns:
        The same type, (side_px, side_px, C); itself where it has that size.
    """
    if pixels.shape[:2] == (side_px, side_px):
        return pixels
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize((side_px, side_px), Image.Resampling.BILINEAR))
    resized = np.empty((side_px, side_px, pixels.shape[2]), np.uint16)
    for channel in range(pixels.shape[2]):
        band = Image.fromarray(pixels[..., channel].astype(np.float32))
        smooth = np.asarray(band.resize((side_px, side_px), Image.Resampling.BILINEAR))
        resized[..., channel] = np.rint(np.clip(smooth, 0, TOP))
    return resized


def picture(pixels: np.ndarray, radiometry: Radiometry) -> np.ndarray:
    """Decoded pixels as a person sees them: three channels of 8 bits, value 1 being white.

    Args:
        pixels: (height, width, C) as `decode` returns them.
        radiometry: with which they were decoded.

    Returns:
        uint8 (height, width, 3): the channels named red, green and blue, else the first three.
    """
    if pixels.dtype == np.uint8:
        return pixels
    shown = pixels[..., radiometry.display_channels].astype(np.float32)
    return np.rint(shown * (255 / TOP)).astype(np.uint8)


def _read_bands(data: bytes, name: str, radiometry: Radiometry) -> tuple[np.ndarray, Position]:
    from rsdash.data.rasters import is_tiff, read_bands  # see there

    if not is_tiff(data):
        image = identify(data, name)  # says so where it is no image at all
        raise ImageError(
            f"{name} is a {image.format}, but the radiometry {radiometry.name!r} takes its bands "
            f"({', '.join(radiometry.channel_names)}) from GeoTIFFs alone. For 8-bit images choose rgb8."
        )
    return read_bands(data, name, radiometry)
