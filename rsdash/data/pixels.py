"""The pixel cache: a data set decoded once to one memory-mapped array, shared by all its runs.

<data folder>/cache/<fingerprint>-<side>px[-<radiometry>]/pixels.npy

All caches together take at most `home.cache_limit_bytes()`: before one is built, those that were not
opened for the longest time go. A run that still reads one keeps it, as an open file outlives its name.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from rsdash import home
from rsdash.config import RGB8, Radiometry
from rsdash.data.dataset import Dataset
from rsdash.data.decoding import decode
from rsdash.data.disk import SITE_PREFIX, building_site, put_in_place, require_space
from rsdash.data.manifest import Manifest, content_hash
from rsdash.data.parallel import Progress, map_in_order
from rsdash.errors import DataChangedError, DataError, storage_errors

HEADER_BYTES = 128
"""What the .npy format puts before the numbers."""
PIXELS_FILE = "pixels.npy"


def open_pixels(
    dataset: Dataset, im_size: int, on_progress: Progress | None = None, radiometry: Radiometry | None = None
) -> np.ndarray:
    """The images of a data set at one size, decoded at the first call and mapped afterwards.

    Args:
        dataset: the data set; rows are in the order of its manifest.
        im_size: side asked for, in px. Images are never enlarged here: the side is at most the
            largest native one, and what is missing is upsampled on the training device.
        on_progress: called with (images done, images in all) while decoding.
        radiometry: how the numbers in the files are read; None for what the data set says at present.

    Returns:
        Read-only memory map (N, side, side, C): uint8 with rgb8, otherwise uint16, 65535 being the value 1.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
        StorageError: the disk is too full; nothing is left behind.
    """
    plan = _Plan(dataset.manifest, im_size, radiometry or dataset.info.radiometry)
    for _ in range(2):  # another process may take an old cache away between looking and opening
        if not plan.folder.exists():
            _build(dataset, plan, on_progress)
        with suppress(FileNotFoundError):
            return _open(plan)
    raise DataError(f"The pixel cache {plan.folder} disappears again and again. Raise {home.CACHE_VARIABLE}.")


def missing_bytes(manifest: Manifest, im_size: int, radiometry: Radiometry = RGB8) -> int:
    """Bytes that `open_pixels` would still write; 0 if the cache is there."""
    plan = _Plan(manifest, im_size, radiometry)
    return 0 if plan.folder.exists() else plan.total_bytes


def cached_side_px(manifest: Manifest, im_size: int) -> int:
    """Side of the cached images: what is asked for, but at most the largest native side."""
    return min(im_size, int(max(manifest.widths.max(), manifest.heights.max())))


class _Plan:
    """Where one cache is and what it holds."""

    def __init__(self, manifest: Manifest, im_size: int, radiometry: Radiometry) -> None:
        self.radiometry = radiometry
        self.side_px = cached_side_px(manifest, im_size)
        self.dtype = np.dtype(np.uint8 if radiometry.is_rgb8 else np.uint16)
        self.shape = (len(manifest), self.side_px, self.side_px, radiometry.channels)
        self.total_bytes = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize + HEADER_BYTES
        name = f"{manifest.fingerprint}-{self.side_px}px"
        self.folder = _root() / (name if radiometry.is_rgb8 else f"{name}-{radiometry.digest}")


def _root() -> Path:
    return home.data_dir() / "cache"


def _build(dataset: Dataset, plan: _Plan, on_progress: Progress | None) -> None:
    _make_room(plan.total_bytes)
    require_space(plan.folder, plan.total_bytes, "The pixel cache")
    with building_site(plan.folder.parent) as site:
        _write(dataset, plan, site / PIXELS_FILE, on_progress)
        put_in_place(site, plan.folder)  # where another process was first, its twin is opened


def _make_room(needed_bytes: int) -> None:
    """Remove the caches that were not used for the longest time, until a new one fits the limit."""
    limit_bytes, caches = home.cache_limit_bytes(), []
    for folder in _root().glob("[!.]*"):
        with suppress(OSError):  # another process removes it just now
            caches.append((folder.stat().st_mtime_ns, (folder / PIXELS_FILE).stat().st_size, folder))
    total_bytes = needed_bytes + sum(size for _, size, _ in caches)
    for _, size, folder in sorted(caches):
        if total_bytes <= limit_bytes:
            return
        with suppress(OSError):
            doomed = folder.rename(folder.with_name(f"{SITE_PREFIX}{secrets.token_hex(8)}"))
            shutil.rmtree(doomed, ignore_errors=True)
        total_bytes -= size


def _write(dataset: Dataset, plan: _Plan, path: Path, on_progress: Progress | None) -> None:
    """Write with plain calls: on a full disk a write fails, where a memory map would kill the process."""
    header = {"descr": plan.dtype.str, "fortran_order": False, "shape": plan.shape}
    rows = range(len(dataset.manifest))
    with storage_errors(path.parent), path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for pixels in map_in_order(partial(_decode, dataset, plan), rows, on_progress):
            file.write(pixels.data)
        file.flush()
        os.fsync(file.fileno())


def _decode(dataset: Dataset, plan: _Plan, row: int) -> np.ndarray:
    name = dataset.manifest.names[row]
    data = dataset.source.read(name)
    if content_hash(data) != dataset.manifest.hashes[row]:
        raise DataChangedError(
            f"{name} of the data set {dataset.name!r} changed since it was scanned. Add the data set again."
        )
    return np.ascontiguousarray(decode(data, name, plan.radiometry, plan.side_px))


def _open(plan: _Plan) -> np.ndarray:
    """Map a cache and note that it was used.

    Raises:
        FileNotFoundError: it is gone.
    """
    path = plan.folder / PIXELS_FILE
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"The pixel cache {path} is damaged ({error}). Remove its folder.") from error
    if pixels.shape != plan.shape or pixels.dtype != plan.dtype:
        raise DataError(
            f"The pixel cache {path} has the shape {pixels.shape}, not {plan.shape}. Remove its folder."
        )
    with suppress(OSError):  # a folder that may only be read
        os.utime(plan.folder)
    return pixels
