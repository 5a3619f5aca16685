"""Spatial blocks: neighbours stand on the same side, with a strip between the sides left out."""

from __future__ import annotations

import numpy as np

from rsdash.data.manifest import Manifest
from rsdash.data.splits.grouping import Grouping
from rsdash.errors import DataError

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the GRS 80 ellipsoid (Moritz 2000, Journal of Geodesy 74:128-133)."""
MIN_FOOTPRINTS = 4
"""A block narrower than this many tiles would hardly keep neighbours together."""


def block_grouping(manifest: Manifest, block_m: float, buffer_m: float | None = None) -> Grouping:
    """Blocks of about `block_m` by `block_m` on the ground.

    The Earth is cut into bands of latitude, each band into cells of equal width at its middle, so that
    blocks have the same size at every latitude.

    Args:
        manifest: with positions.
        block_m: side of a block in metres, several tiles wide.
        buffer_m: gap in metres that is kept free between tiles of different parts; None for the
            footprint of one tile.

    Raises:
        DataError: positions are unknown, or the blocks are too small for the tiles.
    """
    footprint_m = footprint(manifest)
    if block_m < 0.99 * MIN_FOOTPRINTS * footprint_m:  # map projections stretch a tile by a little
        raise DataError(
            f"Blocks of {block_m:,.0f} m are too small for tiles of {footprint_m:,.0f} m; take "
            f"{MIN_FOOTPRINTS * footprint_m:,.0f} m or more, or neighbours end up on both sides."
        )
    gap_m = footprint_m if buffer_m is None else buffer_m
    ids = block_ids(manifest.longitudes, manifest.latitudes, block_m)
    count = len(np.unique(ids))
    text = f"{count:,} blocks of {block_m / 1000:g} km, {gap_m:,.0f} m left free between parts"
    return Grouping(ids, f"blocks{block_m:.0f}m-gap{gap_m:.0f}m", {"positions": text}, gap_m)


def footprint(manifest: Manifest) -> float:
    """Side of the largest tile on the ground, in metres.

    Raises:
        DataError: some positions are unknown.
    """
    unknown = int(np.isnan(manifest.longitudes).sum() + np.isnan(manifest.footprints_m).sum())
    if unknown or not len(manifest):
        raise DataError(
            "Spatial blocks need the position of every image, which GeoTIFF tiles carry; here it is unknown "
            f"for {int(np.isnan(manifest.longitudes).sum()):,} of {len(manifest):,}. Choose a random split, "
            "or a file name pattern or table that says which images belong together."
        )
    return float(manifest.footprints_m.max())


def block_ids(longitudes: np.ndarray, latitudes: np.ndarray, block_m: float) -> np.ndarray:
    """Number of the block of each position, int64 (N,); positions in degrees, float64 (N,)."""
    degrees = np.degrees(block_m / EARTH_RADIUS_M)
    band = np.floor(latitudes / degrees).astype(np.int64)
    middle = np.radians(np.clip((band + 0.5) * degrees, -89.9, 89.9))
    cell = np.floor(longitudes * np.cos(middle) / degrees).astype(np.int64)
    _, ids = np.unique(np.stack([band, cell]), axis=1, return_inverse=True)
    return ids.reshape(-1).astype(np.int64)


def too_near(manifest: Manifest, rows: np.ndarray, others: np.ndarray, gap_m: float) -> np.ndarray:
    """Which tiles come nearer than `gap_m`, edge to edge, to one of the others.

    Tiles are taken as squares side by side: their edges are apart by the distance of their centres,
    less one footprint.

    Args:
        manifest: with positions.
        rows: tiles asked about, int64 (n,).
        others: tiles to keep away from, int64 (m,).
        gap_m: metres.

    Returns:
        bool (n,).
    """
    from scipy.spatial import KDTree  # 0.2 s to import, which only a split by blocks should cost

    if not len(rows) or not len(others):
        return np.zeros(len(rows), dtype=bool)
    reach_m = (gap_m + footprint(manifest)) * (1 - 1e-3)  # a gap of exactly that size is enough
    tree = KDTree(_on_sphere(manifest, others))
    distance, _ = tree.query(_on_sphere(manifest, rows), distance_upper_bound=reach_m)
    return np.isfinite(distance)


def _on_sphere(manifest: Manifest, rows: np.ndarray) -> np.ndarray:
    """Centres as points in space, metres, (n, 3); chords are as good as arcs over a few tiles."""
    longitude, latitude = np.radians(manifest.longitudes[rows]), np.radians(manifest.latitudes[rows])
    around = np.cos(latitude)
    points = (around * np.cos(longitude), around * np.sin(longitude), np.sin(latitude))
    return EARTH_RADIUS_M * np.stack(points, axis=1)
