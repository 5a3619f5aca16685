"""Cuts the windows out of a scene that may be larger than memory, a batch at a time; no torch."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.lib.stride_tricks import sliding_window_view
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from rsdash.data.decoding import resize
from rsdash.data.rasters import check_blocks
from rsdash.data.tiling.scene import open_scene
from rsdash.errors import DataError
from rsdash.inference.scenes.bands import Bands
from rsdash.inference.scenes.layout import Layout

BLOCK_BYTES = 32 * 2**20
"""Numbers read at a time, about."""
GDAL_CACHE_MB = 256
"""Rows of windows overlap, and a block of the file that was decoded for one is there for the next."""
PICTURE_PX = 1200
MOST_SKIPPED = 2_000
"""Windows without data after which a batch is handed out as it is, so that progress is seen."""


@dataclass(frozen=True)
class WindowBatch:
    """Some windows, in reading order.

    Attributes:
        rows: of each in the layout, int64 (n,).
        columns: the same.
        pixels: uint8 or uint16 (n, side, side, C), as training images were stored.
        skipped: windows before the last of these that had too much missing.
    """

    rows: np.ndarray
    columns: np.ndarray
    pixels: np.ndarray
    skipped: int


def read_windows(
    path: Path, layout: Layout, bands: Bands, *, side_px: int, max_nodata: float, batch: int
) -> Generator[WindowBatch, None, None]:
    """All windows that hold enough data; a batch may be empty where many in a row do not.

    Args:
        path: the scene.
        layout: where its windows lie.
        bands: which numbers, and how they are read.
        side_px: to which windows are brought.
        max_nodata: share of a window's pixels that may be without data.
        batch: windows at a time.

    Raises:
        DataError: a part of the scene is damaged.
    """
    held: list[tuple[int, int, np.ndarray]] = []
    skipped = 0
    with _opened(path) as raster:
        for row, column, window in _windows(raster, layout, bands, max_nodata):
            if window is None:
                skipped += 1
            else:
                held.append((row, column, resize(window, side_px)))
            if len(held) == batch or skipped == MOST_SKIPPED:
                yield _packed(held, skipped)
                held, skipped = [], 0
        yield _packed(held, skipped)


def read_picture(path: Path, bands: Bands) -> tuple[np.ndarray, np.ndarray]:
    """The whole scene, shrunk: pixels (height, width, C) and where it holds data, bool (height, width).

    Raises:
        DataError: a part of the scene is damaged.
    """
    with _opened(path) as raster:
        shrink = max(1.0, max(raster.width, raster.height) / PICTURE_PX)
        shape = (max(1, round(raster.height / shrink)), max(1, round(raster.width / shrink)))
        indexes = list(bands.indexes)
        try:
            numbers = raster.read(indexes, out_shape=(len(indexes), *shape), resampling=Resampling.average)
            seen = raster.dataset_mask(out_shape=shape) > 0
        except RasterioError as error:
            raise DataError(f"{path.name} is damaged ({error}).") from error
    return bands.pixels(numbers, None if seen.all() else ~seen), seen


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MB, GDAL_PAM_ENABLED="NO"), open_scene(path) as raster:
        check_blocks(raster, path.name)
        yield raster


def _windows(
    raster: Any, layout: Layout, bands: Bands, max_nodata: float
) -> Iterator[tuple[int, int, np.ndarray | None]]:
    """Row, column and pixels of every window in reading order; None where too much is missing."""
    width, height = layout.window_px
    complete = _is_complete(raster, bands)
    for row, top in enumerate(layout.down.starts.tolist()):
        for columns in _stretches(raster, layout):
            lefts = layout.across.starts[columns]
            block = Window(lefts[0], top, int(lefts[-1]) + width - int(lefts[0]), height)  # pyright: ignore[reportCallIssue]  # attrs class without stubs
            pixels, missing = _read(raster, block, bands, complete=complete)
            shares = None if missing is None else _shares(missing, width)
            for column, left in zip(columns.tolist(), (lefts - lefts[0]).tolist(), strict=True):
                lost = shares is not None and shares[left] > max_nodata
                yield row, column, None if lost else pixels[:, left : left + width]


def _stretches(raster: Any, layout: Layout) -> list[np.ndarray]:
    """Numbers of the windows of a row that are read together, so that a very wide scene fits into memory."""
    width, height = layout.window_px
    column_bytes = height * raster.count * np.dtype(raster.dtypes[0]).itemsize
    most = max(width, BLOCK_BYTES // column_bytes)
    each = max(1, (most - width) // layout.across.stride_px + 1)
    numbers = np.arange(len(layout.across.starts))
    return np.split(numbers, range(each, len(numbers), each))


def _read(
    raster: Any, block: Window, bands: Bands, *, complete: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        numbers = raster.read(list(bands.indexes), window=block)  # (C, h, w)
        missing = None if complete else raster.dataset_mask(window=block) == 0
    except RasterioError as error:
        raise DataError(
            f"{Path(raster.name).name} is damaged around column {block.col_off}, row {block.row_off}."
        ) from error
    if missing is not None and not missing.any():
        missing = None
    if np.issubdtype(numbers.dtype, np.floating):
        absent = np.isnan(numbers).any(axis=0)
        if absent.any():
            missing = absent if missing is None else missing | absent
    return bands.pixels(numbers, missing), missing


def _is_complete(raster: Any, bands: Bands) -> bool:
    flags = raster.mask_flag_enums
    return all(MaskFlags.all_valid in flags[index - 1] for index in bands.indexes)


def _shares(missing: np.ndarray, width: int) -> np.ndarray:
    """Share that is missing of the window that begins at each column, counted whole so that 1/10 is 0.1."""
    counts = sliding_window_view(missing.sum(axis=0), width).sum(axis=-1)
    return counts / (len(missing) * width)


def _packed(held: list[tuple[int, int, np.ndarray]], skipped: int) -> WindowBatch:
    rows, columns = (np.array([window[axis] for window in held], np.int64) for axis in (0, 1))
    pixels = np.stack([window[2] for window in held]) if held else np.empty((0, 1, 1, 1), np.uint8)
    return WindowBatch(rows, columns, pixels, skipped)
