"""A finished map as polygons: adjoining cells of one class are one, in longitude and latitude (RFC 7946).

Neighbours share their borders point by point: a corner
of cells where one of them turns is kept in all, and so are enough others that no edge strays from the map.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import rasterio
import shapely
from rasterio.features import shapes
from rasterio.warp import transform as warp_points

from rsdash.errors import DataError
from rsdash.files import write_atomic
from rsdash.inference.scenes.areas import areas_on_scene
from rsdash.inference.scenes.joining import Patches, join_cells
from rsdash.inference.scenes.record import CLASSES, CONFIDENCE, NO_CLASS, PATCHES, Say, say_nothing

BATCH = 2_000
"""Polygons that are worked on at once."""
STRAIGHT_CELLS = 16
"""Straight edges have a point at least so often, as a line on the map bends in longitude and latitude."""
DECIMALS = 7
"""Of degrees: a centimetre."""


def write_patches(
    folder: Path,
    classes: Sequence[str],
    *,
    on_scene: tuple[float, float] = (1.0, 1.0),
    say: Say = say_nothing,
) -> int:
    """Write `patches.geojson` from `classes.tif` and `confidence.tif` beside it.

    A feature has the properties class, label, cells, area_m2 and confidence, the mean of its cells. Cells
    that touch at a corner alone are not joined. A polygon across 180 degrees is cut there. Cells at the
    right and lower edge may reach over the scene, and polygons with them; area_m2 is of what lies on it.

    Args:
        folder: of the map.
        classes: names in label order.
        on_scene: share of the last row and of the last column that lies on the scene.
        say: hears how far it is; where it raises, nothing is left.

    Returns:
        How many patches there are.

    Raises:
        DataError: there are too many patches, and nothing is written; or the map has no place on
            the Earth.
        StorageError: the disk is full or the place cannot be written.
    """
    with rasterio.open(folder / CLASSES) as raster:
        labels, crs, transform = raster.read(1), raster.crs, raster.transform
    areas = areas_on_scene(crs.to_wkt(), transform[:6], labels.shape, on_scene)
    patches = join_cells(labels, folder / CONFIDENCE, areas, say)
    count = len(patches.first)

    def write(file: BinaryIO) -> None:
        file.write(b'{"type":"FeatureCollection","features":[')
        separator, written = b"\n", 0
        say("drawing polygons")
        for numbers, polygons in _polygons(labels, patches.first, crs=crs, transform=transform):
            for number, geometry in zip(numbers.tolist(), shapely.to_geojson(polygons).tolist(), strict=True):
                file.write(separator + _feature(patches, number, classes, geometry))
                separator = b",\n"
            written += len(numbers)
            say(f"drawing polygons, {written:,} of {count:,}")
        file.write(b"\n]}\n")

    write_atomic(folder / PATCHES, write)
    return count


def _feature(patches: Patches, number: int, classes: Sequence[str], geometry: str) -> bytes:
    label = int(patches.label[number])
    properties = {
        "class": classes[label],
        "label": label,
        "cells": int(patches.cells[number]),
        "area_m2": round(float(patches.area_m2[number]), 1),
        "confidence": round(float(patches.confidence[number]), 4),
    }
    return f'{{"type":"Feature","properties":{json.dumps(properties)},"geometry":{geometry}}}'.encode()


def _polygons(
    labels: np.ndarray, first: np.ndarray, *, crs: Any, transform: Any
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of some patches and their polygons in degrees, outer rings counterclockwise; (n,) each.

    Raises:
        DataError: a corner has no longitude and latitude.
    """
    corners_across = labels.shape[1] + 1
    keys = first // labels.shape[1] * corners_across + first % labels.shape[1]  # of their top left corners
    around = np.pad(labels, 1, constant_values=NO_CLASS)
    found = (shape["coordinates"] for shape, _ in shapes(labels, mask=labels != NO_CLASS, connectivity=4))
    while batch := list(islice(found, BATCH)):
        rings = [np.array(ring, np.int64) for polygon in batch for ring in polygon]  # (n, 2) columns, rows
        owner = np.repeat(np.arange(len(batch)), [len(polygon) for polygon in batch])
        outer = np.flatnonzero(np.diff(owner, prepend=-1))
        top_left = [int((rings[k][:, 1] * corners_across + rings[k][:, 0]).min()) for k in outer.tolist()]
        points, ring_of = _border(rings, around)
        a, b, c, d, e, f = transform[:6]
        column, row = points.T
        places = warp_points(crs, "EPSG:4326", a * column + b * row + c, d * column + e * row + f)[:2]
        degrees = np.round(np.column_stack(places), DECIMALS)
        if not np.isfinite(degrees).all():
            raise DataError(
                "Part of the map has no longitude and latitude; the scene's georeference is damaged."
            )
        made = shapely.polygons(np.asarray(shapely.linearrings(degrees, indices=ring_of)), indices=owner)
        yield np.searchsorted(keys, top_left), _cut(np.asarray(shapely.orient_polygons(made)))


def _border(rings: list[np.ndarray], around: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of cells along rings, (n, 2) columns and rows, and which ring each is of, (n,).

    Kept are corners where the border of any patch turns, and some along straight edges.

    Args:
        rings: closed, (n, 2) columns and rows each.
        around: labels with a frame of NO_CLASS.
    """
    starts = np.concatenate([ring[:-1] for ring in rings])
    ways = np.concatenate([np.diff(ring, axis=0) for ring in rings])  # (n, 2), one of both is 0
    of_edge = np.repeat(np.arange(len(rings)), [len(ring) - 1 for ring in rings])
    lengths = np.abs(ways).sum(axis=1)
    step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    points = np.repeat(starts, lengths, axis=0) + np.repeat(np.sign(ways), lengths, axis=0) * step[:, None]
    column, row = points.T
    north_west, north_east = around[row, column], around[row, column + 1]
    south_west, south_east = around[row + 1, column], around[row + 1, column + 1]
    across = (north_west == north_east) & (south_west == south_east)
    along = (north_west == south_west) & (north_east == south_east)
    kept = ~(across | along) | ((column + row) % STRAIGHT_CELLS == 0)
    return points[kept], np.repeat(of_edge, lengths)[kept]


def _cut(polygons: np.ndarray) -> np.ndarray:
    """Polygons with those across the antimeridian in two (RFC 7946, 3.1.9)."""
    bounds = shapely.bounds(polygons)
    for number in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180).tolist():
        whole = shapely.transform(
            polygons[number], lambda points: points + (points < (0, -np.inf)) * (360, 0)
        )
        west = shapely.intersection(whole, shapely.box(0, -90, 180, 90))
        east = shapely.intersection(whole, shapely.box(180, -90, 360, 90))
        east = shapely.transform(east, lambda points: points - (360, 0))
        polygons[number] = shapely.orient_polygons(shapely.multipolygons(shapely.get_parts([west, east])))
    return polygons
