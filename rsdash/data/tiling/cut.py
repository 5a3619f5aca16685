"""Cut the planned tiles out of a scene, each a GeoTIFF that knows its place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from rsdash.data.disk import require_space
from rsdash.data.parallel import Progress
from rsdash.data.tiling.grid import Plan, PlannedTile
from rsdash.data.tiling.scene import SceneFacts, open_scene
from rsdash.errors import DataError, storage_errors

_GDAL = {"GDAL_TIFF_INTERNAL_MASK": "YES", "GDAL_PAM_ENABLED": "NO", "GDAL_CACHEMAX": 128}


@dataclass(frozen=True)
class Cut:
    """What came of a plan.

    Attributes:
        counts: tiles written of each class.
        skipped: reason → windows that were not taken, those of the plan included.
    """

    counts: dict[str, int]
    skipped: dict[str, int]


def cut_tiles(
    scene: SceneFacts,
    plan: Plan,
    folder: Path,
    *,
    max_nodata: float = 0.0,
    on_progress: Progress | None = None,
) -> Cut:
    """Write `<folder>/<class>/<scene>_<row>_<column>.tif`; bands, numbers and nodata stay as they are.

    A pixel counts as without data where the mask of the scene says so: nodata value, alpha or mask.

    Args:
        scene: where to cut.
        plan: what to cut.
        folder: where to write; made if missing.
        max_nodata: share of a tile's pixels that may be without data.
        on_progress: called with (windows done, windows in all).

    Raises:
        DataError: a part of the scene is damaged.
        StorageError: the disk is full.
    """
    bytes_each = plan.width_px * plan.height_px * scene.bands * np.dtype(scene.dtype).itemsize
    require_space(folder, bytes_each * len(plan.tiles), "The tiles")
    counts: Counter[str] = Counter()
    skipped = Counter(plan.skipped)
    folders = {label: folder / _safe(label) for label in {tile.label for tile in plan.tiles}}
    if len(set(folders.values())) < len(folders):
        raise DataError("Two classes differ only in signs that a folder's name cannot hold; rename one.")
    with storage_errors(folder), rasterio.Env(**_GDAL), open_scene(scene.path) as raster:
        for class_folder in folders.values():
            class_folder.mkdir(parents=True, exist_ok=True)
        for done, tile in enumerate(plan.tiles, start=1):
            place = scene.moved(tile.column, tile.row)
            window = Window(tile.column, tile.row, plan.width_px, plan.height_px)  # pyright: ignore[reportCallIssue]  # attrs class without stubs
            path = folders[tile.label] / _name(scene, tile)
            if _write_tile(path, raster, window, place=place, max_nodata=max_nodata):
                counts[tile.label] += 1
            else:
                skipped["without data"] += 1
            if on_progress:
                on_progress(done, len(plan.tiles))
    return Cut(dict(counts), {reason: count for reason, count in skipped.items() if count})


def _write_tile(path: Path, raster: Any, window: Window, *, place: Affine, max_nodata: float) -> bool:
    """Write one tile, unless too much of it is without data."""
    try:
        mask = raster.dataset_mask(window=window)
        if (mask == 0).mean() > max_nodata:
            return False
        numbers = raster.read(window=window)
    except RasterioError as error:
        raise DataError(
            f"{Path(raster.name).name} is damaged around column {window.col_off}, row {window.row_off}."
        ) from error
    path.write_bytes(_encoded(raster, place, numbers, mask))  # GDAL itself is silent about a full disk
    return True


def _encoded(raster: Any, place: Affine, numbers: np.ndarray, mask: np.ndarray) -> bytes:
    """A GeoTIFF of numbers (bands, height, width), with all that the scene says of its bands."""
    profile = {
        "driver": "GTiff",
        "width": numbers.shape[2],
        "height": numbers.shape[1],
        "count": raster.count,
        "dtype": raster.dtypes[0],
        "crs": raster.crs,
        "transform": place,
        "nodata": raster.nodata,
        "compress": "deflate",
        "interleave": "pixel",
    }
    flags = raster.mask_flag_enums[0]
    with MemoryFile() as memory:
        with memory.open(**profile) as tile:
            tile.colorinterp = raster.colorinterp
            tile.write(numbers)
            tile.descriptions = raster.descriptions
            tile.scales, tile.offsets = raster.scales, raster.offsets
            if MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags:
                tile.write_mask(mask)
        return bytes(memory.getbuffer())


def _name(scene: SceneFacts, tile: PlannedTile) -> str:
    return f"{_safe(scene.path.stem)}_r{tile.row:06}_c{tile.column:06}.tif"


def _safe(text: str) -> str:
    """Text as the name of a file or folder."""
    name = re.sub(r"[^\w .()&-]+", "-", text).strip(" .")
    if not name:
        raise DataError(f"The class {text!r} cannot name a folder; give it letters or digits.")
    return name[:80]
