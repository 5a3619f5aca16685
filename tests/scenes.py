"""Composed scenes for tests: fields of one class each, side by side, with polygons that say which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.warp import transform as transform_points

UTM = "EPSG:32632"
LEFT_M, TOP_M, PIXEL_M = 500_000.0, 5_300_000.0, 10.0


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
