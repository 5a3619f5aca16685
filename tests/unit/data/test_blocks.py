"""Spatial blocks: of one size everywhere, undivided, with a gap between parts measured on the ground."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsdash.data.manifest import Manifest, column, real_column
from rsdash.data.splits import SplitRequest, block_grouping, make_split, make_splits
from rsdash.data.splits.blocks import block_ids
from rsdash.errors import DataError

TILE_M = 640.0
DEGREE_M = 111_195.08  # of latitude on a sphere of 6,371,008.8 m


def grid(rows: int, columns: int, latitude: float = 48.0, known: bool = True) -> Manifest:
    """Tiles side by side; two classes like a chessboard."""
    names = [
        f"{'AB'[(row + column_) % 2]}/{row:03}_{column_:03}.tif"
        for row in range(rows)
        for column_ in range(columns)
    ]
    names.sort()
    places = [(int(name[2:5]), int(name[6:9])) for name in names]
    north = latitude + np.array([row for row, _ in places]) * TILE_M / DEGREE_M
    east = 9 + np.array([c for _, c in places]) * TILE_M / (DEGREE_M * np.cos(np.radians(north)))
    ones = np.ones(len(names), dtype=np.int64)
    unknown = np.full(len(names), math.nan)
    return Manifest(
        classes=("A", "B"),
        names=tuple(names),
        labels=column(["AB".index(name[0]) for name in names]),
        sizes=ones,
        stamps=ones.copy(),
        hashes=tuple(names),
        widths=ones.copy(),
        heights=ones.copy(),
        longitudes=real_column(east if known else unknown),
        latitudes=real_column(north if known else unknown),
        footprints_m=real_column(np.full(len(names), TILE_M) if known else unknown),
        roles=tuple(None for _ in names),
    )


def haversine_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance (Sinnott 1984, Sky and Telescope 68:159)."""
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, place)) for place in (one, other))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(a))


@pytest.mark.parametrize("latitude", [0.0, 48.0, -72.0])
def test_blocks_have_one_size_at_every_latitude(latitude):
    manifest = grid(40, 40, latitude)
    ids = block_ids(manifest.longitudes, manifest.latitudes, 6400.0)
    sizes = np.bincount(ids)
    assert sizes.max() <= 11 * 11  # ten by ten tiles, and one more where the grids do not meet
    assert np.median(sizes) >= 50
    for block in range(len(sizes)):
        members = np.flatnonzero(ids == block)
        corner = (manifest.longitudes[members].min(), manifest.latitudes[members].min())
        other = (manifest.longitudes[members].max(), manifest.latitudes[members].max())
        assert haversine_m(corner, other) <= 6400 * math.sqrt(2) * 1.01


@pytest.mark.parametrize(("gap_m", "apart_m"), [(None, 2 * TILE_M), (0.0, TILE_M), (1500.0, TILE_M + 1500)])
def test_the_gap_between_parts_is_kept_on_the_ground(gap_m, apart_m):
    manifest = grid(36, 36)
    grouping = block_grouping(manifest, 3200.0, gap_m)
    split = make_split(manifest, validation_share=0.2, test_share=0.2, split_seed=0, grouping=grouping)
    places = list(zip(manifest.longitudes.tolist(), manifest.latitudes.tolist(), strict=True))
    parts = (split.train, split.validation, split.test)
    nearest = min(
        haversine_m(places[a], places[b])
        for one in range(3)
        for other in range(one + 1, 3)
        for a in parts[one]
        for b in parts[other]
    )
    assert nearest >= apart_m * 0.998
    used = sum(map(len, parts))
    assert split.left_out.get("between blocks", 0) == len(manifest) - used
    for rows in parts:
        others = np.setdiff1d(np.concatenate(parts), rows)
        assert not set(grouping.ids[rows]) & set(grouping.ids[others])
    assert 0.12 < len(split.test) / len(manifest) < 0.28
    assert len(np.unique(split.test_groups)) > 1
    assert "blocks of 3.2 km" in split.checked["positions"]


def test_blocks_need_positions_and_several_tiles_each():
    with pytest.raises(DataError, match="unknown for 100 of 100"):
        block_grouping(grid(10, 10, known=False), 5000.0)
    with pytest.raises(DataError, match=r"Blocks of 1,000 m are too small for tiles of 640 m; take 2,560 m"):
        block_grouping(grid(10, 10), 1000.0)


def test_a_random_split_puts_neighbours_on_both_sides_and_blocks_do_not():
    manifest = grid(30, 30)
    (random,) = make_splits(SplitRequest(), manifest, twins=None, excluded=())
    (blocks,) = make_splits(SplitRequest(block_m=3200.0), manifest, twins=None, excluded=())

    def with_neighbour(split) -> float:
        train = {manifest.names[row][2:9] for row in split.train}
        test = [manifest.names[row] for row in split.test]
        beside = ((0, 1), (1, 0), (0, -1), (-1, 0))
        hits = (
            any(f"{int(name[2:5]) + y:03}_{int(name[6:9]) + x:03}" in train for y, x in beside)
            for name in test
        )
        return sum(hits) / len(test)

    assert with_neighbour(random) > 0.9
    assert with_neighbour(blocks) == 0.0
    assert random.checked["positions"] == "known, not used: neighbours may sit on both sides"
