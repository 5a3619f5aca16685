"""Decode the bytes of one image safely: format and size are checked before any pixel is read.

Pillow reads 8-bit images of all formats here; `rsdash.data.decoding` knows GeoTIFFs with bands too.

EXIF orientation is ignored: tiles cut from a scene have none, and turning some images but not
others would be a silent change. Of a file with several frames the first is taken.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib

import numpy as np
from PIL import Image

from rsdash.config import RADIOMETRIES, RGB8
from rsdash.data.disk import megabytes
from rsdash.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
"""The only decoders that ever see the bytes."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 512 * 2**20
"""More than 64 megapixels of 8-bit RGBA take without any compression."""

_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    NotImplementedError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged bytes."""

logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)  # it logs what the error then says


def check_size(name: str, size_bytes: int) -> None:
    """Refuse a file that is too large to be read at once.

    Raises:
        ImageError: it is larger than `MAX_FILE_BYTES`.
    """
    if size_bytes > MAX_FILE_BYTES:
        raise ImageError(
            f"{name} is {megabytes(size_bytes)} large; at most {megabytes(MAX_FILE_BYTES)} are read."
        )


def open_image(data: bytes, name: str) -> Image.Image:
    """Decode one image to 8-bit RGB.

    Greyscale is repeated over the channels, palettes are resolved, and transparent parts become
    black, as nodata is. A 16-bit *colour* PNG keeps its upper 8 bits.

    Args:
        data: the bytes of the file.
        name: what the file is called in messages.

    Raises:
        ImageError: not an image of a known format, damaged, larger than 64 megapixels, 16-bit, or
            of several bands.
    """
    return to_rgb(load(data, name), name)


def decode_rgb(data: bytes, name: str, side_px: int | None = None) -> np.ndarray:
    """Decode one 8-bit image to an array.

    Args:
        data: the bytes of the file.
        name: what the file is called in messages.
        side_px: side of the square that the image is squashed to (antialiased bilinear); None
            keeps its size.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        ImageError: see `open_image`.
    """
    image = open_image(data, name)
    if side_px is not None and image.size != (side_px, side_px):
        image = image.resize((side_px, side_px), Image.Resampling.BILINEAR)
    return np.asarray(image)


def load(data: bytes, name: str) -> Image.Image:
    """Decode one image of 8 bits a pixel in the mode it is stored in.

    Raises:
        ImageError: see `open_image`.
    """
    image = identify(data, name)
    _check_pixels(image.width * image.height, name)
    if image.mode in _DEEP_MODES:
        if image.format == "TIFF":
            raise _bands_error(name, f"has one band of more than 8 bits a pixel ({image.mode})")
        raise ImageError(
            f"{name} has one band of more than 8 bits a pixel ({image.mode}); convert it to 8 bits first, "
            "with one scale for all images."
        )
    try:
        image.load()
    except _BROKEN as error:
        raise ImageError(f"{name} is damaged or incomplete ({error}).") from error
    return image


def identify(data: bytes, name: str) -> Image.Image:
    """Read the header of an image; no pixel is decoded.

    Raises:
        ImageError: not an image of a known format, damaged, or too large.
    """
    if not data:
        raise ImageError(f"{name} is empty.")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        digits = re.search(r"\d+", str(error))
        _check_pixels(int(digits.group()) if digits else MAX_PIXELS + 1, name)
        raise ImageError(f"{name} is too large to be decoded safely ({error}).") from error
    except Image.UnidentifiedImageError as error:
        _explain_tiff(data, name)
        raise ImageError(f"{name} is not an image of a known format ({', '.join(FORMATS)}).") from error
    except _BROKEN as error:
        raise ImageError(f"{name} is damaged ({error}).") from error


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Three channels of 8 bits; see `open_image`."""
    try:
        return _flattened(image)
    except _BROKEN as error:
        raise ImageError(f"{name} is damaged or incomplete ({error}).") from error


def _bands_error(name: str, what: str) -> ImageError:
    others = ", ".join(preset for preset in RADIOMETRIES if preset != RGB8.name)
    return ImageError(
        f"{name} {what}, but the radiometry rgb8 reads 8-bit RGB images. Choose {others} or, on "
        "the Data page, name bands, scale and offset."
    )


def _explain_tiff(data: bytes, name: str) -> None:
    """Say what a TIFF that Pillow cannot identify holds; nothing where it is damaged.

    Raises:
        ImageError: it holds bands.
    """
    from rsdash.data.rasters import is_tiff, kind_of  # see there

    if not is_tiff(data):
        return
    kind = kind_of(data, name)
    _check_pixels(kind.width * kind.height, name)
    if kind.bands > 4 or kind.dtype != "uint8":
        raise _bands_error(name, f"has {kind.bands} band{'s' * (kind.bands > 1)} of {kind.dtype}")


def _check_pixels(pixels: int, name: str) -> None:
    if pixels > MAX_PIXELS:
        raise ImageError(
            f"{name} has {pixels / 1e6:,.1f} megapixels; at most {MAX_PIXELS / 1e6:.0f} are read. "
            "Cut it into tiles."
        )


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")
