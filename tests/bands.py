"""GeoTIFFs with bands: as bytes, and a small data set that can be learnt."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from tests.tiny import CLASSES

TILE_PX = 24
UTM_32_NORTH = "EPSG:32632"


def geotiff(
    bands: np.ndarray, *, names: Sequence[str] = (), mask: np.ndarray | None = None, **options: Any
) -> bytes:
    """A GeoTIFF of an array (C, height, width)."""
    count, height, width = bands.shape
    form = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile() as file:
            with file.open(**form, **options) as raster:
                raster.write(bands)
                if names:
                    raster.descriptions = tuple(names)
                if mask is not None:
                    raster.write_mask(mask)
            return bytes(file.read())


def placed(west: float, north: float, pixel_m: float = 10.0, crs: str = UTM_32_NORTH) -> dict[str, Any]:
    """Options that tie a tile to the Earth by its upper left corner."""
    return {"crs": crs, "transform": Affine(pixel_m, 0, west, 0, -pixel_m, north)}


def draw_bands(label: int, seed: int) -> np.ndarray:
    """13 bands of DN, uint16 (13, 24, 24); the class shows in bands 8 and 11 alone, under noise."""
    rng = np.random.default_rng((label, seed))
    level = np.full(13, 1200.0)
    level[[7, 10]] = ((2600, 700), (500, 400), (1500, 2200))[label]
    return np.clip(rng.normal(level[:, None, None], 250, (13, TILE_PX, TILE_PX)), 0, 10_000).astype(np.uint16)


def make_band_tiles(root: Path, per_class: int = 16) -> Path:
    """A folder per class with 13-band tiles side by side in UTM zone 32."""
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            where = placed(500_000 + 240 * index, 5_500_000 - 240 * label)
            (root / name / f"{index:02}.tif").write_bytes(geotiff(draw_bands(label, index), **where))
    return root
