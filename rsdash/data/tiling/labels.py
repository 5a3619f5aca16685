"""Points and polygons that carry a class: GeoJSON or GeoPackage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.errors import RasterioError
from rasterio.warp import transform as transform_points

from rsdash.errors import DataError, DataNotFoundError

MAX_BYTES = 512 * 2**20
USUAL_FIELDS = ("class", "label", "class_name", "landcover", "land_cover", "category", "name")
"""Fields that are taken for the class without asking, in this order and any case."""
_POINTS = (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Geometries with a class each.

    Attributes:
        geometries: shapely points and polygons, (n,).
        classes: class of each, text (n,).
        crs: coordinate reference system of the geometries, as pyogrio names it.
        skipped: features without a geometry or a class.
    """

    geometries: np.ndarray
    classes: tuple[str, ...]
    crs: str
    skipped: int

    def in_crs(self, crs: str) -> np.ndarray:
        """The geometries in another coordinate reference system.

        Raises:
            DataError: they cannot be brought there.
        """

        def move(coordinates: np.ndarray) -> np.ndarray:
            xs, ys = transform_points(self.crs, crs, coordinates[:, 0], coordinates[:, 1])[:2]
            return np.column_stack([xs, ys])

        try:
            return np.asarray(shapely.transform(self.geometries, move))
        except (RasterioError, ValueError) as error:
            raise DataError(f"The labels cannot be brought to the scene's coordinates ({error}).") from error


def label_fields(path: Path) -> list[str]:
    """Names of the fields that could hold the class.

    Raises:
        DataNotFoundError: nothing is there.
        DataError: neither GeoJSON nor GeoPackage, or damaged.
    """
    return [str(name) for name in _ask(pyogrio.read_info, path, None)["fields"]]


def read_labels(path: Path, field: str = "", layer: str | None = None) -> LabelMap:
    """Read the features of a GeoJSON or GeoPackage file.

    Args:
        path: the file.
        field: field that holds the class; empty takes the only one, or one of a usual name.
        layer: layer of a GeoPackage; None where it has only one.

    Raises:
        DataNotFoundError: nothing is there.
        DataError: neither format, no such field or layer, or geometries that are lines.
    """
    fields = label_fields(path) if layer is None else []
    chosen = field or _usual_field(fields, path)
    if fields and chosen not in fields:
        raise DataError(f"{path.name} has no field {chosen!r}; it has {', '.join(fields) or 'none'}.")
    meta, _, found, columns = _ask(pyogrio.raw.read, path, layer, columns=[chosen])
    if not len(columns):
        raise DataError(f"{path.name} has no field {chosen!r}.")
    if not meta["crs"]:
        raise DataError(f"{path.name} does not say in which coordinates its features are.")
    geometries = shapely.from_wkb(found)
    texts = [_text(value) for value in columns[0]]
    usable = np.array([bool(text) for text in texts]) & ~(
        shapely.is_missing(geometries) | shapely.is_empty(geometries)
    )
    _check_types(geometries[usable], path)
    classes = tuple(text for text, used in zip(texts, usable, strict=True) if used)
    if not classes:
        raise DataError(f"No feature of {path.name} has both a geometry and a value in {chosen!r}.")
    kept = shapely.force_2d(geometries[usable])
    return LabelMap(shapely.make_valid(kept), classes, str(meta["crs"]), int((~usable).sum()))


def _ask(function: Any, path: Path, layer: str | None, **options: Any) -> Any:
    place = _guarded(path)
    if layer is None:
        layers = [str(name) for name, _ in pyogrio.list_layers(place)] if path.suffix != ".geojson" else []
        if len(layers) > 1:
            raise DataError(f"{path.name} has the layers {', '.join(layers)}; name one of them.")
    try:
        return function(place, layer=layer, **options)
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as GeoJSON or GeoPackage ({error}).") from error


def _guarded(path: Path) -> str:
    """The path with the driver named, so that GDAL tries no other: some formats lead to other files."""
    if not path.is_file():
        raise DataNotFoundError(f"There are no labels at {path}. Check the path.")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path.name} is larger than {MAX_BYTES / 2**20:.0f} MB.")
    with path.open("rb") as file:
        head = file.read(1024)
    if head.startswith(b"SQLite format 3\0"):
        return f"GPKG:{path}"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and _is_geojson(path):
        return f"GeoJSON:{path}"
    raise DataError(f"{path.name} is neither GeoJSON nor a GeoPackage.")


def _is_geojson(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is not valid JSON ({error}).") from error
    return content.get("type") in ("FeatureCollection", "Feature")


def _usual_field(fields: list[str], path: Path) -> str:
    if len(fields) == 1:
        return fields[0]
    by_case = {name.lower(): name for name in fields}
    usual = next((by_case[name] for name in USUAL_FIELDS if name in by_case), None)
    if usual is None:
        known = ", ".join(fields) or "none"
        raise DataError(f"Say which field of {path.name} holds the class; it has {known}.")
    return usual


def _check_types(geometries: np.ndarray, path: Path) -> None:
    kinds = shapely.get_type_id(geometries)
    other = geometries[~np.isin(kinds, [*_POINTS, *_POLYGONS])]
    if len(other):
        raise DataError(
            f"{path.name} has a {other[0].geom_type}; tiles are labelled by points and polygons only."
        )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
