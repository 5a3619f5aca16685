"""Ground area of the classes of a map: cells differ in size from row to row, on a Mercator map by far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rasterio._err import CPLE_BaseError  # what GDAL raises is exported nowhere else
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform as warp_points

from rsdash.data.positions import ECCENTRICITY_SQUARED, EQUATOR_RADIUS_M
from rsdash.errors import DataError
from rsdash.inference.scenes.record import NO_CLASS

Transform = tuple[float, float, float, float, float, float]

_SIDES = np.array([[0, 0.5], [1, 0.5], [0.5, 0], [0.5, 1]])
"""Middles of a cell's sides, left, right, top and bottom, in columns and rows."""

_NOWHERE = (RasterioError, CPLE_BaseError, ValueError)
"""What rasterio and GDAL raise on points or a CRS that have no longitude and latitude."""


class CellAreas(NamedTuple):
    """What the cells of a map measure on the ground, as far as they lie on the scene.

    Attributes:
        by_row: m² of a cell of each row, float64 (rows,).
        last_column: share of the last column's cells that lies on the scene.
    """

    by_row: np.ndarray
    last_column: float


def areas_on_scene(
    crs: str, transform: Transform, grid: tuple[int, int], on_scene: tuple[float, float]
) -> CellAreas:
    """Areas of cells of which the last row and column may reach over the edge of the scene.

    Args:
        crs: as for `cell_areas_m2`.
        transform: as for `cell_areas_m2`.
        grid: rows and columns.
        on_scene: share of the last row and of the last column that lies on the scene.

    Raises:
        DataError: the map has no place on the Earth.
    """
    areas = cell_areas_m2(crs, transform, grid)
    areas[-1] *= on_scene[0]
    return CellAreas(areas, on_scene[1])


def cell_areas_m2(crs: str, transform: Transform, grid: tuple[int, int]) -> np.ndarray:
    """Area on the WGS 84 ellipsoid of a cell of each row, in the middle column.

    The parallelogram that the lines between the middles of opposite sides span, in space; right to 1 in
    10,000 for cells of up to 100 km. Along a row the scale of a projection may change as well: in UTM by
    less than 3 in 1,000 from the middle of a zone to its edge, in Mercator and in degrees not at all.

    Args:
        crs: coordinate reference system of the map, as WKT or as `EPSG:32632`.
        transform: of the map, from column and row to coordinates, in rasterio's order.
        grid: rows and columns.

    Returns:
        m², float64 (rows,).

    Raises:
        DataError: the map has no place on the Earth.
    """
    rows, columns = grid
    corners = np.stack(np.broadcast_arrays(columns // 2, np.arange(rows)), axis=-1)[:, None] + _SIDES
    a, b, c, d, e, f = transform
    column, row = corners[..., 0].ravel(), corners[..., 1].ravel()
    xs, ys = a * column + b * row + c, d * column + e * row + f
    try:
        longitudes, latitudes = warp_points(CRS.from_user_input(crs), "EPSG:4326", xs, ys)[:2]
    except _NOWHERE as error:
        raise DataError(f"The position of the scene cannot be worked out ({error}).") from error
    left, right, top, bottom = (
        _in_space(np.array(longitudes), np.array(latitudes)).reshape(rows, 4, 3).swapaxes(0, 1)
    )
    areas = np.linalg.norm(np.cross(right - left, bottom - top), axis=-1)
    if not (np.isfinite(areas) & (areas > 0)).all():
        raise DataError(
            "The cells of the map have no size on the ground; the scene's georeference is damaged."
        )
    return areas


def class_areas_m2(counts: np.ndarray, last_column: np.ndarray, areas: CellAreas) -> tuple[float, ...]:
    """Area of each class on the ground, m².

    Args:
        counts: cells of each class in each row, int64 (rows, K), as `write_rasters` returns them.
        last_column: labels of the last column, uint8 (rows,), NO_CLASS without data.
        areas: of the cells.
    """
    known = last_column != NO_CLASS
    beyond = (1 - areas.last_column) * areas.by_row[known]
    over = np.bincount(last_column[known], weights=beyond, minlength=counts.shape[1])
    return tuple((areas.by_row @ counts - over).tolist())


def _in_space(longitudes: np.ndarray, latitudes: np.ndarray) -> np.ndarray:
    """Metres from the Earth's centre of points on the WGS 84 ellipsoid given in degrees; (n, 3)."""
    east, north = np.radians(longitudes), np.radians(latitudes)
    normal = EQUATOR_RADIUS_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(north) ** 2)
    flat = normal * np.cos(north)
    height = normal * (1 - ECCENTRICITY_SQUARED) * np.sin(north)
    return np.stack([flat * np.cos(east), flat * np.sin(east), height], axis=-1)
