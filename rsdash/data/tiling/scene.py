"""What is known of a scene before any of its pixels is read."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.warp import transform as transform_points

from rsdash.data.positions import metres_between
from rsdash.errors import DataError, DataNotFoundError


@dataclass(frozen=True)
class SceneFacts:
    """A georeferenced raster.

    Attributes:
        path: where it is.
        width: px.
        height: px.
        bands: number of bands.
        dtype: number format of the first band.
        crs: coordinate reference system, as WKT.
        transform: from column and row (px, from the top left corner) to coordinates of the CRS.
        pixel_width_m: metres on the ground from one column to the next, at the centre of the scene.
        pixel_height_m: metres from one row to the next.
    """

    path: Path
    width: int
    height: int
    bands: int
    dtype: str
    crs: str
    transform: Affine
    pixel_width_m: float
    pixel_height_m: float

    def to_pixels(self, coordinates: np.ndarray) -> np.ndarray:
        """Columns and rows, float64 (n, 2), of coordinates in the scene's CRS, (n, 2)."""
        a, b, c, d, e, f = (~self.transform)[:6]
        xs, ys = coordinates[:, 0], coordinates[:, 1]
        return np.column_stack([a * xs + b * ys + c, d * xs + e * ys + f])

    def moved(self, column: int, row: int) -> Affine:
        """The transform of a window that begins at a column and row."""
        a, b, c, d, e, f = self.transform[:6]
        return Affine(a, b, a * column + b * row + c, d, e, d * column + e * row + f)


def look_at_scene(path: Path) -> SceneFacts:
    """Read the header of a GeoTIFF.

    Raises:
        DataNotFoundError: nothing is there.
        DataError: no GeoTIFF, or one that does not say where it lies.
    """
    with open_scene(path) as raster:
        if raster.crs is None or raster.transform.is_identity:
            raise DataError(
                f"{path.name} does not say where on Earth it lies; tiles are cut from georeferenced "
                "scenes only."
            )
        try:
            width_m, height_m = _pixel_m(raster)
        except RasterioError as error:
            raise DataError(f"The position of {path.name} cannot be worked out ({error}).") from error
        return SceneFacts(
            path=path,
            width=raster.width,
            height=raster.height,
            bands=raster.count,
            dtype=raster.dtypes[0],
            crs=raster.crs.to_wkt(),
            transform=raster.transform,
            pixel_width_m=width_m,
            pixel_height_m=height_m,
        )


@contextmanager
def open_scene(path: Path) -> Iterator[Any]:
    """The open raster; only GDAL's GTiff driver sees the file, as a VRT in disguise reads other files.

    Raises:
        DataNotFoundError: nothing is there.
        DataError: it is no GeoTIFF, or a damaged one.
    """
    if not path.is_file():
        raise DataNotFoundError(f"There is no scene at {path}. Check the path.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said in a sentence of our own
        try:
            raster = rasterio.open(path, driver="GTiff")
        except RasterioError as error:
            why = str(error).replace(str(path), path.name).rstrip(".")
            raise DataError(f"{path.name} is not a GeoTIFF, or a damaged one ({why}).") from error
    with raster:
        yield raster


def _pixel_m(raster: Any) -> tuple[float, float]:
    """Width and height of the middle pixel on the ground, metres."""
    column, row = raster.width / 2, raster.height / 2
    columns, rows = np.array([column, column + 1, column]), np.array([row, row, row + 1])
    a, b, c, d, e, f = raster.transform[:6]
    xs, ys = (a * columns + b * rows + c).tolist(), (d * columns + e * rows + f).tolist()
    longitudes, latitudes = transform_points(raster.crs, "EPSG:4326", xs, ys)[:2]
    points = list(zip(longitudes, latitudes, strict=True))
    sizes = metres_between(points[0], points[1]), metres_between(points[0], points[2])
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        raise DataError("The pixels of the scene have no size on the ground; its georeference is damaged.")
    return sizes
