"""Probabilities of a finished map as two GeoTIFFs: the class of each cell, and how sure the model is of it.

calibrated(probabilities, temperature)                        # the same of a single point
counts = write_rasters(probabilities, folder, crs=crs, transform=transform, temperature=1.3)
areas = class_areas_m2(counts, last_column, areas_on_scene(crs, transform, grid, on_scene))

Both are Cloud-Optimized GeoTIFFs. GDAL is silent about much that goes wrong with a disk, so that both are
read back and compared before they get their names.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
import rasterio.shutil
from rasterio import Affine
from rasterio._err import CPLE_BaseError  # what GDAL raises is exported nowhere else
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from rsdash.data.disk import building_site, require_space
from rsdash.errors import DataError, StorageError
from rsdash.inference.scenes.areas import Transform
from rsdash.inference.scenes.record import CLASSES, CONFIDENCE, MOST_CLASSES, NO_CLASS, Say, say_nothing
from rsdash.palette import class_rgb

BLOCK_BYTES = 32 * 2**20
"""Probabilities that are worked on at once."""
BYTES_A_CELL = 14
"""Room on the disk: both rasters, their overviews, and what they are made from."""
TILE_PX = 512
GDAL_OPTIONS = {"GDAL_CACHEMAX": 64, "GDAL_NUM_THREADS": "1"}
"""Megabytes of blocks that GDAL keeps; a map is made beside other work."""


class _Kind(NamedTuple):
    """What the two rasters differ in.

    Attributes:
        name: of the file.
        profile: for rasterio.
        cog: options of GDAL's COG driver.
        meaning: description of the band.
    """

    name: str
    profile: dict[str, Any]
    cog: dict[str, str]
    meaning: str


_CLASSES = _Kind(
    CLASSES,
    {"dtype": "uint8", "nodata": NO_CLASS},
    {"overview_resampling": "MODE"},
    "class of most probability",
)
_CONFIDENCE = _Kind(
    CONFIDENCE,
    {"dtype": "float32", "nodata": float("nan")},
    {"overview_resampling": "AVERAGE", "predictor": "FLOATING_POINT"},
    "calibrated probability of the class",
)


def calibrated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities with their temperature corrected: p^(1/T) over its sum (Guo et al. 2017, ICML).

    Of softmax(logits) that is softmax(logits / T) exactly; a blend of windows is treated as if one window
    had said it.

    Args:
        probabilities: float (..., K) that sum to 1 along the last axis; NaN without data.
        temperature: T > 0; 1 changes nothing.

    Returns:
        float64 (..., K) that sum to 1; NaN without data.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # log of 0 is -inf and returns as 0; NaN stays
        powers = np.log(np.asarray(probabilities, np.float64)) / temperature
        powers -= powers.max(axis=-1, keepdims=True)
        shares = np.exp(powers)
        return shares / shares.sum(axis=-1, keepdims=True)


def write_rasters(
    probabilities: np.ndarray,
    folder: Path,
    *,
    crs: str,
    transform: Transform,
    temperature: float,
    say: Say = say_nothing,
) -> np.ndarray:
    """Write `classes.tif` and `confidence.tif`, a few rows at a time.

    Args:
        probabilities: float32 (rows, columns, K), a memory map as a rule; NaN without data.
        folder: where both go; it exists.
        crs: coordinate reference system, as WKT or as `EPSG:32632`.
        transform: from column and row of the map to coordinates, in rasterio's order.
        temperature: T > 0 of the confidence.
        say: hears what is written; where it raises, nothing is left.

    Returns:
        Cells of each class in each row, int64 (rows, K).

    Raises:
        DataError: more classes than a byte can tell apart.
        StorageError: the disk is full or the place cannot be written.
    """
    rows, columns, classes = probabilities.shape
    if classes > MOST_CLASSES:
        raise DataError(f"A map holds {MOST_CLASSES} classes at the most; this model tells {classes} apart.")
    require_space(folder, rows * columns * BYTES_A_CELL, "The map")
    counts = np.zeros((rows, classes), np.int64)
    place = {"width": columns, "height": rows, "crs": crs, "transform": Affine(*transform)}
    with building_site(folder) as site, _writing(folder), rasterio.Env(**GDAL_OPTIONS):
        sums = [0, 0]
        with ExitStack() as stack:
            drafts = [stack.enter_context(_draft(site, kind, place)) for kind in (_CLASSES, _CONFIDENCE)]
            drafts[0].colorinterp = [ColorInterp.palette]
            drafts[0].write_colormap(1, {label: (*class_rgb(label), 255) for label in range(classes)})
            for start, block in _blocks(probabilities):
                say(f"writing the map, row {start + 1:,} of {rows:,}")
                labels, confidence = _tell(block, temperature)
                counts[start : start + len(block)] = _count(labels, classes)
                window = ((start, start + len(block)), (0, columns))
                for number, (draft, values) in enumerate(zip(drafts, (labels, confidence), strict=True)):
                    draft.write(values, 1, window=window)
                    sums[number] = zlib.crc32(values.tobytes(), sums[number])
        for kind, checksum in zip((_CLASSES, _CONFIDENCE), sums, strict=True):
            say(f"arranging {kind.name}")
            _finish(site, kind, checksum, say).replace(folder / kind.name)
    return counts


def _blocks(probabilities: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    rows, columns, classes = probabilities.shape
    step = max(1, BLOCK_BYTES // (8 * columns * classes))  # calibrated in float64
    for start in range(0, rows, step):
        yield start, np.asarray(probabilities[start : start + step])


def _tell(block: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels, uint8, and confidence, float32, of some rows; NO_CLASS and NaN without data."""
    missing = np.isnan(block).any(axis=-1)
    best = block.argmax(axis=-1)
    shares = np.take_along_axis(calibrated(block, temperature), best[..., None], axis=-1)[..., 0]
    labels = np.where(missing, NO_CLASS, best).astype(np.uint8)
    return labels, np.where(missing, np.nan, shares).astype(np.float32)


def _count(labels: np.ndarray, classes: int) -> np.ndarray:
    """Cells of each class in each row; (rows, K)."""
    known = labels != NO_CLASS
    keys = (np.arange(len(labels))[:, None] * classes + labels)[known]
    return np.bincount(keys, minlength=len(labels) * classes).reshape(len(labels), classes)


def _draft(site: Path, kind: _Kind, place: dict[str, Any]) -> Any:
    """An open plain GeoTIFF that takes rows as they come: a COG is laid out in one go afterwards."""
    raster = rasterio.open(
        site / f"draft-{kind.name}", "w", driver="GTiff", count=1, bigtiff="IF_SAFER", **place, **kind.profile
    )
    raster.set_band_description(1, kind.meaning)
    return raster


def _finish(site: Path, kind: _Kind, checksum: int, say: Say) -> Path:
    """Lay the draft out as a COG, and read it back."""
    draft, path = site / f"draft-{kind.name}", site / kind.name
    options = {"compress": "DEFLATE", "blocksize": TILE_PX, "bigtiff": "IF_SAFER", **kind.cog}
    rasterio.shutil.copy(draft, path, driver="COG", **options)
    draft.unlink()
    found = 0
    with rasterio.open(path) as raster:
        for start in range(0, raster.height, TILE_PX):
            say(f"checking {kind.name}, row {start + 1:,} of {raster.height:,}")
            window = ((start, min(start + TILE_PX, raster.height)), (0, raster.width))
            found = zlib.crc32(raster.read(1, window=window).tobytes(), found)
    if found != checksum:
        raise StorageError(f"{kind.name} reads otherwise than it was written; is the disk full or broken?")
    return path


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn what GDAL says of a file that it cannot write into a sentence."""
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise StorageError(
            f"The map cannot be written to {folder} ({error}). Is the disk full or read-only?"
        ) from error
