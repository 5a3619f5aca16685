"""Which windows of a scene become tiles, and of which class."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import shapely

from rsdash.data.tiling.labels import LabelMap
from rsdash.data.tiling.scene import SceneFacts
from rsdash.errors import DataError

MIN_TILE_PX = 8
MAX_TILE_PX = 4096
MAX_TILES = 2_000_000


@dataclass(frozen=True)
class TileRule:
    """How tiles are cut.

    Attributes:
        tile_m: side on the ground, metres.
        overlap: share of a tile's side that the next one on the grid repeats, from 0 to below 1.
        min_share: share of a tile that its class must cover, from above 0 to 1. Polygons only.
        max_nodata: share of a tile's pixels that may be without data.
    """

    tile_m: float
    overlap: float = 0.0
    min_share: float = 0.5
    max_nodata: float = 0.0

    def __post_init__(self) -> None:
        checks = (
            ("tile_m", self.tile_m, self.tile_m > 0, "above 0"),
            ("overlap", self.overlap, 0 <= self.overlap <= 0.95, "from 0 to 0.95"),
            ("min_share", self.min_share, 0 < self.min_share <= 1, "above 0 and at most 1"),
            ("max_nodata", self.max_nodata, 0 <= self.max_nodata <= 1, "from 0 to 1"),
        )
        for name, value, fits, wanted in checks:
            if not fits:
                raise DataError(f"{name}={value:g} is out of range; it must be {wanted}.")


@dataclass(frozen=True)
class PlannedTile:
    """A window of the scene: its left column, top row, and class."""

    column: int
    row: int
    label: str


@dataclass(frozen=True)
class Plan:
    """Tiles to be cut from a scene.

    Attributes:
        tiles: in reading order.
        width_px: of every tile.
        height_px: of every tile; unlike the width where pixels are not square on the ground.
        skipped: reason → windows that were looked at and not taken.
    """

    tiles: tuple[PlannedTile, ...]
    width_px: int
    height_px: int
    skipped: dict[str, int] = field(default_factory=dict)


def plan_tiles(scene: SceneFacts, labels: LabelMap, rule: TileRule) -> Plan:
    """Lay a grid over the polygons and a window around each point.

    A window on the grid takes the class that covers most of it, if that is at least `min_share`. A point
    stands in the middle of its tile. Windows that reach over the edge of the scene are not taken.

    Raises:
        DataError: tiles of a size that the scene cannot give, or labels that lie elsewhere.
    """
    size = _tile_px(scene, rule)
    shapes = shapely.transform(labels.in_crs(scene.crs), scene.to_pixels)
    frame = shapely.box(0, 0, scene.width, scene.height)
    if not shapely.intersects(frame, shapes).any():
        raise DataError(f"None of the labels lies within {scene.path.name}; check both coordinate systems.")
    is_point = np.isin(shapely.get_dimensions(shapes), [0])
    classes = np.array(labels.classes, dtype=object)
    skipped: dict[str, int] = defaultdict(int)
    chosen = _on_grid(shapes[~is_point], classes[~is_point], scene, rule, size, skipped)
    for window, label in _around(shapes[is_point], classes[is_point], scene, size, skipped).items():
        if chosen.get(window, label) != label:
            skipped["two classes at one place"] += 1
            del chosen[window]
        else:
            chosen[window] = label
    if not chosen:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in skipped.items()) or "no window fits"
        raise DataError(f"No tile can be cut ({reasons}). Take smaller tiles or a lower min_share.")
    tiles = tuple(PlannedTile(column, row, label) for (row, column), label in sorted(chosen.items()))
    return Plan(tiles, *size, dict(skipped))


def _tile_px(scene: SceneFacts, rule: TileRule) -> tuple[int, int]:
    width = round(rule.tile_m / scene.pixel_width_m)
    height = round(rule.tile_m / scene.pixel_height_m)
    if min(width, height) < MIN_TILE_PX or max(width, height) > MAX_TILE_PX:
        raise DataError(
            f"Tiles of {rule.tile_m:g} m would be {width} x {height} px in {scene.path.name}, whose pixels "
            f"are {scene.pixel_width_m:.3g} x {scene.pixel_height_m:.3g} m; from {MIN_TILE_PX} to "
            f"{MAX_TILE_PX} px are possible."
        )
    if width > scene.width or height > scene.height:
        raise DataError(
            f"Tiles of {rule.tile_m:g} m ({width} x {height} px) are larger than {scene.path.name} "
            f"({scene.width} x {scene.height} px)."
        )
    return width, height


def _on_grid(
    shapes: np.ndarray,
    classes: np.ndarray,
    scene: SceneFacts,
    rule: TileRule,
    size: tuple[int, int],
    skipped: dict[str, int],
) -> dict[tuple[int, int], str]:
    """Row and column → class, of the windows on the grid that one class covers well enough."""
    shares: dict[tuple[int, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for label in dict.fromkeys(classes.tolist()):
        whole = shapely.union_all(shapes[classes == label])  # what two polygons cover counts once
        for part in shapely.get_parts(whole):
            for window, share in _covered(part, scene, rule, size):
                shares[window][label] += share
    chosen = {}
    for window, found in shares.items():
        label = max(found, key=lambda name: found[name])
        if found[label] >= rule.min_share - 1e-9:
            chosen[window] = label
        else:
            skipped["covered too little by one class"] += 1
    return chosen


def _covered(
    shape: shapely.Geometry, scene: SceneFacts, rule: TileRule, size: tuple[int, int]
) -> list[tuple[tuple[int, int], float]]:
    """Windows that a polygon touches, with the share of each that it covers."""
    strides = [max(1, round(length * (1 - rule.overlap))) for length in size]
    lengths = (scene.width, scene.height)
    bounds = shapely.bounds(shape)  # left, top, right, bottom, px
    starts = []
    for axis in (0, 1):
        first = max(0, int((bounds[axis] - size[axis]) // strides[axis]))
        last = min((lengths[axis] - size[axis]) // strides[axis], int(bounds[axis + 2] // strides[axis]))
        starts.append(np.arange(first, last + 1) * strides[axis])
    columns, rows = (places.ravel() for places in np.meshgrid(*starts))
    if len(columns) > MAX_TILES:
        raise DataError(f"More than {MAX_TILES:,} tiles would be cut. Take larger tiles or less overlap.")
    boxes = shapely.box(columns, rows, columns + size[0], rows + size[1])
    shares = shapely.area(shapely.intersection(boxes, shape)) / (size[0] * size[1])
    touched = np.flatnonzero(shares > 0)
    return [((int(rows[i]), int(columns[i])), float(shares[i])) for i in touched]


def _around(
    shapes: np.ndarray, classes: np.ndarray, scene: SceneFacts, size: tuple[int, int], skipped: dict[str, int]
) -> dict[tuple[int, int], str]:
    """Row and column → class, of the windows in whose middle a point stands."""
    points, owners = shapely.get_parts(shapes, return_index=True)
    columns = np.round(shapely.get_x(points) - size[0] / 2)
    rows = np.round(shapely.get_y(points) - size[1] / 2)
    inside = (columns >= 0) & (rows >= 0)
    inside &= (columns + size[0] <= scene.width) & (rows + size[1] <= scene.height)
    if (~inside).any():
        skipped["over the edge of the scene"] += int((~inside).sum())
    chosen: dict[tuple[int, int], str] = {}
    clashing: set[tuple[int, int]] = set()
    for place in np.flatnonzero(inside):
        window, label = (int(rows[place]), int(columns[place])), str(classes[owners[place]])
        if chosen.setdefault(window, label) != label:
            clashing.add(window)
    skipped["two classes at one place"] += len(clashing)
    return {window: label for window, label in chosen.items() if window not in clashing}
