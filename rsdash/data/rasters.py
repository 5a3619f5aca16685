"""Read bands and position of a GeoTIFF through rasterio; sizes are checked before any pixel is decoded.

The file is opened in memory by GDAL's GTiff driver alone: a VRT under the name of a TIFF could make GDAL
read other files of this machine. Importing rasterio takes about half a second, so that this module is
imported by the functions that meet a TIFF.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError  # what GDAL raises is exported nowhere else
from rasterio.enums import Interleaving, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.warp import transform as warp_points

from rsdash.config import Radiometry
from rsdash.data.decoding import TOP
from rsdash.data.images import MAX_PIXELS
from rsdash.data.positions import UNKNOWN, Position, metres_between
from rsdash.errors import ConfigError, ImageError

MAX_SAMPLES = 4 * MAX_PIXELS
"""Pixels times chosen bands: 512 MB of uint16."""
MAX_BLOCK_BYTES = 512 * 2**20
"""What GDAL may have to decode at a time."""
MAX_BANDS = 1_000

_BROKEN = (RasterioError, CPLE_BaseError, ValueError, MemoryError)
"""What rasterio and GDAL raise on damaged bytes; CRSError and UnicodeDecodeError are ValueErrors."""
_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GDAL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_NUM_THREADS": "1",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 64,
}


class Kind(NamedTuple):
    """What a TIFF holds: bands, their number format, and size in px."""

    bands: int
    dtype: str
    width: int
    height: int


def is_tiff(data: bytes) -> bool:
    """Whether the file begins as a TIFF or BigTIFF does."""
    return data[:4] in _MAGICS


def kind_of(data: bytes, name: str) -> Kind:
    """Look at the header alone.

    Raises:
        ImageError: it is no TIFF, or its header is damaged.
    """
    with _opened(data, name) as raster:
        return _kind(raster)


def position_of(data: bytes, name: str) -> Position:
    """Centre and footprint of a georeferenced TIFF; unknown where it does not say.

    Raises:
        ImageError: it is no TIFF, or its header is damaged.
    """
    with _opened(data, name) as raster:
        return _position(raster)


def read_bands(data: bytes, name: str, radiometry: Radiometry) -> tuple[np.ndarray, Position]:
    """Decode the chosen bands.

    Pixels without data (nodata value, mask, alpha, NaN) become 0.

    Args:
        data: the bytes of the file.
        name: what the file is called in messages.
        radiometry: which bands, scale and offset; not rgb8.

    Returns:
        uint16 (height, width, C), value 1 being 65535; and where the image lies.

    Raises:
        ImageError: no TIFF, damaged, too large, without a band that is asked for, or of complex numbers.
    """
    with _opened(data, name) as raster:
        _check_size(raster, name, radiometry.channels)
        try:
            places = radiometry.positions_in(raster.descriptions)
        except ConfigError as error:
            raise ImageError(f"{name} does not fit the radiometry {radiometry.name!r}: {error}") from error
        indexes = [place + 1 for place in places]
        try:
            numbers = raster.read(indexes)  # (C, height, width)
            missing = _missing(raster, indexes)
        except _BROKEN as error:
            raise ImageError(f"{name} is damaged or incomplete: its pixels cannot be decoded.") from error
        return to_levels(numbers, missing, radiometry), _position(raster)


def check_blocks(raster: Any, name: str) -> None:
    """Refuse a file whose blocks would fill the memory: GDAL decodes block by block, whatever is asked of it.

    Raises:
        ImageError: it is stored in larger blocks than are decoded.
    """
    rows, columns = raster.block_shapes[0]
    together = raster.count if raster.interleaving is Interleaving.pixel else 1
    block_bytes = rows * columns * np.dtype(raster.dtypes[0]).itemsize * together
    if block_bytes > MAX_BLOCK_BYTES:
        raise ImageError(
            f"{name} is stored in blocks of {block_bytes / 1e6:,.0f} MB; at most "
            f"{MAX_BLOCK_BYTES / 1e6:.0f} MB are decoded at a time. Write it again with smaller blocks."
        )


def to_levels(numbers: np.ndarray, missing: np.ndarray | None, radiometry: Radiometry) -> np.ndarray:
    """Digital numbers as levels, of which 65535 stands for the value 1.

    Args:
        numbers: DN of the chosen bands, (C, height, width).
        missing: where there is no data, bool of the same shape or (height, width); such pixels become 0, as
            do those that are no number.
        radiometry: scale and offset.

    Returns:
        uint16 (height, width, C).
    """
    values = numbers.astype(np.float32 if numbers.dtype.itemsize <= 2 else np.float64)
    absent = np.isnan(values) if missing is None else missing | np.isnan(values)
    values = (values + values.dtype.type(radiometry.offset)) * values.dtype.type(radiometry.scale)
    levels = np.rint(np.clip(values, 0, 1) * TOP)
    levels[absent] = 0
    return np.ascontiguousarray(levels.astype(np.uint16).transpose(1, 2, 0))


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Any]:
    if not is_tiff(data):
        raise ImageError(f"{name} is not a TIFF.")
    _welcome_plain_tiffs()
    with rasterio.Env(**_GDAL), MemoryFile(data) as file:
        try:
            raster = file.open(driver="GTiff")
        except _BROKEN as error:
            raise ImageError(f"{name} is damaged or incomplete: its header cannot be read.") from error
        with raster:
            yield raster


def _kind(raster: Any) -> Kind:
    return Kind(raster.count, raster.dtypes[0], raster.width, raster.height)


def _check_size(raster: Any, name: str, channels: int) -> None:
    kind = _kind(raster)
    pixels = kind.width * kind.height
    if pixels > MAX_PIXELS or pixels * channels > MAX_SAMPLES or kind.bands > MAX_BANDS:
        raise ImageError(
            f"{name} has {pixels / 1e6:,.1f} megapixels and {kind.bands} bands; at most "
            f"{MAX_PIXELS / 1e6:.0f} megapixels, {MAX_SAMPLES / 1e6:.0f} million numbers and "
            f"{MAX_BANDS} bands are read. Cut it into tiles."
        )
    if kind.dtype not in _TYPES or len(set(raster.dtypes)) > 1:
        raise ImageError(f"{name} holds {', '.join(sorted(set(raster.dtypes)))}, which cannot be scaled.")
    check_blocks(raster, name)


def _missing(raster: Any, indexes: list[int]) -> np.ndarray | None:
    """Where there is no data: bool (C, height, width), or None where all pixels hold some."""
    flags = raster.mask_flag_enums
    if all(MaskFlags.all_valid in flags[index - 1] for index in indexes):
        return None
    return raster.read_masks(indexes) == 0


def _position(raster: Any) -> Position:
    width, height = raster.width, raster.height
    pixels = [
        (width / 2, height / 2),
        (0, height / 2),
        (width, height / 2),
        (width / 2, 0),
        (width / 2, height),
    ]
    a, b, c, d, e, f = tuple(raster.transform)[:6]
    eastings = [a * column + b * row + c for column, row in pixels]
    northings = [d * column + e * row + f for column, row in pixels]
    try:
        if raster.crs is None or raster.transform.is_identity:
            return UNKNOWN
        longitudes, latitudes = warp_points(raster.crs, "EPSG:4326", eastings, northings)[:2]
    except _BROKEN:  # a local grid, which no formula ties to the Earth, or numbers far outside of one
        return UNKNOWN
    centre, west, east, north, south = zip(longitudes, latitudes, strict=True)
    footprint_m = max(metres_between(west, east), metres_between(north, south))
    on_earth = abs(centre[0]) <= 360 and abs(centre[1]) <= 90 and 0 < footprint_m < math.inf
    return Position(centre[0], centre[1], footprint_m) if on_earth else UNKNOWN


def _welcome_plain_tiffs() -> None:
    """Rasterio warns of each TIFF without a position; here that is an ordinary tile."""
    if not any(entry[2] is NotGeoreferencedWarning for entry in warnings.filters):
        warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
