"""The maps that were made, and what a page draws of one; no torch."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsdash.data.disk import SITE_PREFIX
from rsdash.errors import DataError, DataNotFoundError, storage_errors
from rsdash.home import maps_dir
from rsdash.inference.scenes.record import CLASSES, PROBABILITIES, RECORD, MapRecord

MAP_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
DRAWN_CELLS = 1000
"""Cells along a side that a page draws at most; more than a screen shows."""


@dataclass(frozen=True)
class KeptMap:
    """A finished map and its folder."""

    folder: Path
    record: MapRecord


@dataclass(frozen=True)
class DrawnMap:
    """The classes of a map as a page draws them.

    Attributes:
        labels: uint8 (rows, columns), NO_CLASS without data; every `step`-th cell of the map.
        step: cells from one to the next.
    """

    labels: np.ndarray
    step: int


def kept_maps() -> list[KeptMap]:
    """All finished maps, newest first; a damaged one is passed over."""
    folders = [path for path in maps_dir().glob("*") if MAP_ID.fullmatch(path.name)]
    maps = []
    for folder in sorted(folders, key=lambda path: path.name, reverse=True):
        try:
            maps.append(find_map(folder.name))
        except DataError:
            continue
    return maps


def find_map(map_id: str) -> KeptMap:
    """The map of that id.

    Raises:
        DataNotFoundError: there is none.
        DataError: its record is damaged.
    """
    folder = maps_dir() / map_id
    if not MAP_ID.fullmatch(map_id) or not (folder / RECORD).is_file():
        raise DataNotFoundError(f"There is no map {map_id!r}.")
    try:
        return KeptMap(folder, MapRecord.model_validate_json((folder / RECORD).read_bytes()))
    except FileNotFoundError as error:  # removed just now, in another session
        raise DataNotFoundError(f"There is no map {map_id!r}.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / RECORD} is damaged or cannot be read.") from error


def remove_map(map_id: str) -> None:
    """Rename a map out of sight, then delete its files.

    Raises:
        DataNotFoundError: there is none.
        StorageError: it cannot be removed.
    """
    folder = find_map(map_id).folder
    hidden = folder.with_name(f"{SITE_PREFIX}{folder.name}")
    with storage_errors(folder):
        folder.rename(hidden)
        shutil.rmtree(hidden)


def drawn(kept: KeptMap) -> DrawnMap:
    """The classes of a map, thinned where there are more cells than a page can show.

    Raises:
        DataError: its raster is damaged or gone.
    """
    import rasterio  # takes half a second, which a page without a map should not wait for
    from rasterio.errors import RasterioError

    rows, columns = kept.record.grid
    step = max(1, -(-max(rows, columns) // DRAWN_CELLS))
    shape = (-(-rows // step), -(-columns // step))
    try:
        with rasterio.open(kept.folder / CLASSES, driver="GTiff") as raster:
            labels = np.empty(shape, np.uint8)
            for number in range(shape[0]):
                line = raster.read(1, window=((number * step, number * step + 1), (0, columns)))
                labels[number] = line[0, ::step]
    except RasterioError as error:
        raise DataError(f"The map of {kept.record.scene.name} is damaged ({error}).") from error
    return DrawnMap(labels, step)


def at_cell(kept: KeptMap, row: int, column: int) -> np.ndarray | None:
    """Probabilities of all classes at a cell, float32 (K,); None where there is no data.

    Raises:
        DataError: no such cell, or the file is damaged or gone.
    """
    rows, columns = kept.record.grid
    if not (0 <= row < rows and 0 <= column < columns):
        raise DataError(
            f"The map has {rows:,} x {columns:,} cells; there is none at row {row}, column {column}."
        )
    try:
        values = np.load(kept.folder / PROBABILITIES, mmap_mode="r", allow_pickle=False)[row, column]
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(f"The probabilities of the map of {kept.record.scene.name} are damaged.") from error
    return None if np.isnan(values).any() else np.array(values)


def place_of(record: MapRecord, row: int, column: int) -> tuple[float, float]:
    """Coordinates of the middle of a cell in the scene's CRS."""
    a, b, c, d, e, f = record.cell_transform
    x, y = column + 0.5, row + 0.5
    return a * x + b * y + c, d * x + e * y + f
