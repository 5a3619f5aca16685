"""Composed scenes for tests: fields or tiles of one class each, and polygons that say which."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.warp import transform as transform_points

from rsdash.data.sample import SAMPLE_CLASSES, sample_tile

UTM = "EPSG:32632"
LEFT_M, TOP_M, PIXEL_M = 500_000.0, 5_300_000.0, 10.0
TILE_PX = 64
LAND_CLASSES = SAMPLE_CLASSES
"""Those of EuroSAT, which the built-in sample draws too."""


@cache
def land_tile(label: int, number: int) -> np.ndarray:
    """A tile of a class, uint8 (64, 64, 3): of EuroSAT where RSDASH_TEST_DATA has it, else of the sample.

    Args:
        label: place in LAND_CLASSES.
        number: from 0, below 300; another one, another tile.
    """
    name, archive = LAND_CLASSES[label], _archive()
    if archive is None:
        return sample_tile(name, number)
    content = archive.read(_members(name)[number])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


@cache
def _archive() -> zipfile.ZipFile | None:
    """Held in memory: its list of 24,300 names takes a third of a second to read."""
    path = Path(os.environ.get("RSDASH_TEST_DATA", "")) / "eurosat_rgb.zip"
    return zipfile.ZipFile(io.BytesIO(path.read_bytes())) if path.is_file() else None


@cache
def _members(name: str) -> list[str]:
    archive = _archive()
    names = archive.namelist() if archive else []
    return sorted(member for member in names if f"/{name}/" in member and member.endswith(".jpg"))


def tiled(labels: np.ndarray, *, first: int = 200) -> np.ndarray:
    """Tiles side by side, uint8 (64 rows, 64 columns, 3).

    Args:
        labels: of each tile, int64 (rows, columns).
        first: number of the first tile of each class; the next of the same class takes the next number.
    """
    taken = dict.fromkeys(range(len(LAND_CLASSES)), first)
    rows = []
    for line in labels.tolist():
        tiles = []
        for label in line:
            tiles.append(land_tile(label, taken[label]))
            taken[label] += 1
        rows.append(np.concatenate(tiles, axis=1))
    return np.concatenate(rows)


def write_scene(path: Path, pixels: np.ndarray, **options: object) -> Path:
    """A GeoTIFF in UTM 32 N with 10 m pixels.

    Args:
        path: where to write.
        pixels: (height, width, bands).
        options: more of rasterio's profile, or another of what is set here.
    """
    profile = {
        "driver": "GTiff",
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "count": pixels.shape[2],
        "dtype": pixels.dtype.name,
        "crs": UTM,
        "transform": Affine(PIXEL_M, 0, LEFT_M, 0, -PIXEL_M, TOP_M),
        **options,
    }
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.moveaxis(pixels, -1, 0))
    return path


def rectangle(left: float, top: float, right: float, bottom: float) -> dict:
    """A polygon in the scene's coordinates, its corners given in px."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return {"type": "Polygon", "coordinates": [[_ground(x, y) for x, y in corners]]}


def point(column: float, row: float) -> dict:
    """A point in the scene's coordinates, given in px."""
    return {"type": "Point", "coordinates": _ground(column, row)}


def write_geojson(path: Path, features: Sequence[tuple[dict, dict]], *, degrees: bool = True) -> Path:
    """Features (properties, geometry) as GeoJSON, in degrees as the format wants it."""
    content = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": _moved(geometry) if degrees else geometry,
            }
            for properties, geometry in features
        ],
    }
    path.write_text(json.dumps(content))
    return path


def _ground(column: float, row: float) -> list[float]:
    return [LEFT_M + column * PIXEL_M, TOP_M - row * PIXEL_M]


def _moved(geometry: dict) -> dict:
    def move(value: list) -> list:
        if isinstance(value[0], int | float):
            (x,), (y,) = transform_points(UTM, "EPSG:4326", [value[0]], [value[1]])[:2]
            return [x, y]
        return [move(part) for part in value]

    return {**geometry, "coordinates": move(geometry["coordinates"])}
