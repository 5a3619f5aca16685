"""The pixel cache: a data set decoded once to one memory-mapped array, shared by all its runs."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np

from rsdash import home
from rsdash.data.dataset import Dataset
from rsdash.data.disk import building_site, put_in_place, require_space
from rsdash.data.images import decode_rgb
from rsdash.data.manifest import Manifest, content_hash
from rsdash.data.parallel import Progress, map_in_order
from rsdash.errors import DataChangedError, DataError, storage_errors

CHANNELS = 3
HEADER_BYTES = 128
"""What the .npy format puts before the numbers."""
PIXELS_FILE = "pixels.npy"


def open_pixels(dataset: Dataset, im_size: int, on_progress: Progress | None = None) -> np.ndarray:
    """The images of a data set at one size, decoded at the first call and mapped afterwards.

    Args:
        dataset: the data set; rows are in the order of its manifest.
        im_size: side asked for, in px. Images are never enlarged here: the side is at most the
            largest native one, and what is missing is upsampled on the training device.
        on_progress: called with (images done, images in all) while decoding.

    Returns:
        Read-only memory map, uint8, (N, side, side, 3).

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
        StorageError: the disk is too full; nothing is left behind.
    """
    side_px = cached_side_px(dataset.manifest, im_size)
    folder = _cache_folder(dataset.manifest, side_px)
    if not folder.exists():
        require_space(folder, _bytes(dataset.manifest, side_px), "The pixel cache")
        with building_site(folder.parent) as site:
            _write(dataset, side_px, site / PIXELS_FILE, on_progress)
            put_in_place(site, folder)  # where another process was first, its twin is opened
    return _open(folder, (len(dataset.manifest), side_px, side_px, CHANNELS))


def missing_bytes(manifest: Manifest, im_size: int) -> int:
    """Bytes that `open_pixels` would still write; 0 if the cache is there."""
    side_px = cached_side_px(manifest, im_size)
    return 0 if _cache_folder(manifest, side_px).exists() else _bytes(manifest, side_px)


def cached_side_px(manifest: Manifest, im_size: int) -> int:
    """Side of the cached images: what is asked for, but at most the largest native side."""
    return min(im_size, int(max(manifest.widths.max(), manifest.heights.max())))


def _cache_folder(manifest: Manifest, side_px: int) -> Path:
    return home.data_dir() / "cache" / f"{manifest.fingerprint}-{side_px}px"


def _bytes(manifest: Manifest, side_px: int) -> int:
    return len(manifest) * side_px * side_px * CHANNELS + HEADER_BYTES


def _write(dataset: Dataset, side_px: int, path: Path, on_progress: Progress | None) -> None:
    """Write with plain calls: on a full disk a write fails, where a memory map would kill the process."""
    rows = range(len(dataset.manifest))
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(rows), side_px, side_px, CHANNELS)}
    with storage_errors(path.parent), path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for pixels in map_in_order(partial(_decode, dataset, side_px), rows, on_progress):
            file.write(pixels.data)
        file.flush()
        os.fsync(file.fileno())


def _decode(dataset: Dataset, side_px: int, row: int) -> np.ndarray:
    name = dataset.manifest.names[row]
    data = dataset.source.read(name)
    if content_hash(data) != dataset.manifest.hashes[row]:
        raise DataChangedError(
            f"{name} of the data set {dataset.name!r} changed since it was scanned. Add the data set again."
        )
    return np.ascontiguousarray(decode_rgb(data, name, side_px))


def _open(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    path = folder / PIXELS_FILE
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"The pixel cache {path} is damaged ({error}). Remove its folder.") from error
    if pixels.shape != shape:
        raise DataError(
            f"The pixel cache {path} has the shape {pixels.shape}, not {shape}. Remove its folder."
        )
    return pixels
