"""The built-in sample: synthetic scenes of ten land-cover classes that need no network."""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from rsdash.data.parallel import Progress, map_in_order
from rsdash.data.scenes import DRAWINGS, draw_scene

SAMPLE_CLASSES = tuple(DRAWINGS)
TILES_PER_CLASS = 300
SAMPLE_LICENCE = "CC0; drawn by rsdash, not satellite images"


def sample_tile(class_name: str, index: int) -> np.ndarray:
    """One tile of the sample, the same on every machine: uint8 (64, 64, 3)."""
    return draw_scene(class_name, np.random.default_rng((zlib.crc32(class_name.encode()), index)))


def write_sample(folder: Path, on_progress: Progress | None = None) -> None:
    """Write the sample as PNG files into `folder`/images, one folder per class."""
    tiles = [(name, index) for name in SAMPLE_CLASSES for index in range(TILES_PER_CLASS)]
    for name in SAMPLE_CLASSES:
        (folder / "images" / name).mkdir(parents=True)
    for _ in map_in_order(partial(_write_tile, folder / "images"), tiles, on_progress):
        pass


def _write_tile(folder: Path, tile: tuple[str, int]) -> None:
    name, index = tile
    path = folder / name / f"{name}_{index + 1}.png"
    Image.fromarray(sample_tile(name, index)).save(path, compress_level=1)
