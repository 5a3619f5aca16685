"""How large the tiles of a data set are on the ground."""

from __future__ import annotations

import numpy as np

from rsdash.data.dataset import Dataset
from rsdash.data.public import PUBLIC_SETS

EUROSAT_CLASSES = frozenset({
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial",
    "Pasture", "PermanentCrop", "Residential", "River", "SeaLake",
})  # fmt: skip
EUROSAT_TILE_PX, EUROSAT_TILE_M = 64, 640.0
"""Helber et al. 2019, doi 10.1109/JSTARS.2019.2918242."""
SPREAD = 0.05
"""Tiles whose sizes differ by more have no size in common."""


def tile_side_m(dataset: Dataset) -> float | None:
    """Side of a tile in metres; None where nothing says it, or tiles differ.

    Georeferenced tiles say it themselves; of a public set it is published; and tiles with the class names
    and the size in pixels of EuroSAT are taken for tiles of EuroSAT, in whatever archive they came.
    """
    manifest = dataset.manifest
    known = manifest.footprints_m[np.isfinite(manifest.footprints_m)]
    if len(known):
        middle = float(np.median(known))
        alike = np.abs(known / middle - 1) < SPREAD
        return middle if alike.mean() > 1 - SPREAD else None
    sides = np.maximum(manifest.widths, manifest.heights)
    side = int(np.median(sides)) if len(sides) else 0
    public = PUBLIC_SETS.get(dataset.info.name)
    if public and public.pixel_m and (sides == side).mean() > 1 - SPREAD:
        return side * public.pixel_m
    is_eurosat = set(manifest.classes) == EUROSAT_CLASSES and bool((sides == EUROSAT_TILE_PX).all())
    return EUROSAT_TILE_M if is_eurosat else None
