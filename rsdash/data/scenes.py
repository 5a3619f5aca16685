"""Draw one synthetic scene of a land-cover class, as seen from a satellite at 10 m a pixel.

The classes share their palettes and borrow from one another (a road crosses a field, houses stand
beside a river), so that neither mean colour nor one texture tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rsdash.data.ground import (
    CURVE_POINTS,
    TILE_PX,
    Random,
    blocks,
    curve,
    ground,
    line_mask,
    noise,
    paint,
    parcels,
    rotated,
    stripes,
)

MIXED_SHARE = 0.3
"""Scenes of which a corner shows another class, as real tiles do."""
LARGEST_CORNER = 0.55
"""Share of the tile; above a half the label is arguable, so that no model can be right throughout."""

_SOILS = ((0.50, 0.42, 0.33), (0.43, 0.37, 0.31), (0.56, 0.50, 0.38))
_GREENS = ((0.30, 0.40, 0.26), (0.36, 0.44, 0.27), (0.27, 0.35, 0.25))
_WATERS = ((0.17, 0.26, 0.34), (0.20, 0.29, 0.31), (0.14, 0.22, 0.30))
_ROOFS = ((0.62, 0.45, 0.38), (0.55, 0.52, 0.50), (0.68, 0.62, 0.56), (0.44, 0.38, 0.36))
_HALLS = ((0.80, 0.80, 0.80), (0.62, 0.64, 0.68), (0.70, 0.66, 0.60), (0.50, 0.50, 0.52))
_ORCHARD = (0.24, 0.33, 0.22)
_ASPHALT = (0.54, 0.53, 0.52)
_HAZE = np.array((0.75, 0.80, 0.88), np.float32)


def draw_scene(class_name: str, rng: Random) -> np.ndarray:
    """Draw one tile.

    Args:
        class_name: one of `DRAWINGS`.
        rng: every random choice comes from here.

    Returns:
        uint8 (64, 64, 3).
    """
    image = DRAWINGS[class_name](rng)
    if rng.random() < MIXED_SHARE:
        others = [name for name in DRAWINGS if name != class_name]
        along, _ = rotated(rng)
        field = along + 0.15 * noise(rng, 3)
        share = rng.uniform(0.1, LARGEST_CORNER)
        edge = np.clip((field - np.quantile(field, 1 - share)) * 12, 0, 1)
        image = paint(image, edge, DRAWINGS[others[rng.integers(len(others))]](rng))
    return _seen_from_above(image, rng)


def _annual_crop(rng: Random) -> np.ndarray:
    labels, border = parcels(rng, int(rng.integers(2, 7)))
    image = ground(rng, _pick(rng, _SOILS))
    for label in range(labels.max() + 1):
        colour = ground(rng, _pick(rng, _SOILS + _GREENS), spread=0.035)
        rows = 0.012 * rng.random() * stripes(rng, rng.uniform(3, 6))
        image = np.where((labels == label)[..., None], colour + rows[..., None], image)
    image = image + 0.012 * noise(rng, 8, 3)[..., None]
    return paint(image, 0.3 * border, _pick(rng, _GREENS))


def _permanent_crop(rng: Random) -> np.ndarray:
    labels, border = parcels(rng, int(rng.integers(2, 5)))
    image = ground(rng, _pick(rng, _SOILS))
    for label in range(labels.max() + 1):
        soil = ground(rng, _pick(rng, _SOILS), spread=0.035)
        rows = np.clip(stripes(rng, rng.uniform(4, 7.5)), 0, 1)
        if rng.random() < 0.4:
            rows = rows * np.clip(stripes(rng, rng.uniform(4, 7.5)) + 0.5, 0, 1)
        planted = paint(soil, rng.uniform(0.35, 0.85) * rows, _ORCHARD)
        image = np.where((labels == label)[..., None], planted, image)
    image = image + 0.012 * noise(rng, 12, 2)[..., None]
    return paint(image, 0.4 * border, _pick(rng, _SOILS))


def _pasture(rng: Random) -> np.ndarray:
    image = ground(rng, (0.36, 0.44, 0.27), spread=0.03)
    labels, border = parcels(rng, int(rng.integers(1, 4)))
    shades = rng.normal(0, 0.025, labels.max() + 1).astype(np.float32)
    image = image + shades[labels][..., None] + 0.02 * noise(rng, 3, 3)[..., None]
    hedges = np.clip(noise(rng, 10) * 0.5 + 0.4, 0, 1) * border
    return paint(_shrubs(image, rng, int(rng.integers(0, 12))), 0.7 * hedges, (0.20, 0.28, 0.19))


def _herbaceous(rng: Random) -> np.ndarray:
    cover = np.clip(0.5 + 0.45 * noise(rng, 5, 4), 0, 1)
    image = paint(ground(rng, _pick(rng, _SOILS)), cover, _pick(rng, _GREENS))
    image = image + 0.02 * noise(rng, 24)[..., None]
    return _shrubs(image, rng, int(rng.integers(5, 40)))


def _forest(rng: Random) -> np.ndarray:
    image = ground(rng, (0.20, 0.28, 0.21), spread=0.025)
    crowns = noise(rng, 28, 2)
    image = image * (1 + 0.13 * crowns + 0.10 * noise(rng, 4, 2))[..., None]
    clearing = np.clip((noise(rng, 4) - rng.uniform(1.0, 2.6)) * 3, 0, 1)
    return paint(image, clearing, _pick(rng, _GREENS))


def _highway(rng: Random) -> np.ndarray:
    image = _surroundings(rng)
    points = curve(rng, rng.uniform(0, 0.25))
    width = rng.uniform(2.4, 5)
    shade = np.asarray(_ASPHALT) + rng.normal(0, 0.06)
    image = paint(image, 0.5 * line_mask(points, [width + 2.5] * CURVE_POINTS), _pick(rng, _GREENS + _SOILS))
    image = paint(image, 0.9 * line_mask(points, [width] * CURVE_POINTS), shade)
    if width > 3.2:
        image = paint(image, 0.6 * line_mask(points, [0.6] * CURVE_POINTS), (0.40, 0.42, 0.34))
    for _ in range(int(rng.integers(0, 3))):
        image = paint(image, 0.8 * line_mask(curve(rng, 0.6), [rng.uniform(1, 2)] * CURVE_POINTS), shade)
    return image


def _river(rng: Random) -> np.ndarray:
    image = _surroundings(rng)
    width = rng.uniform(2.5, 13)
    widths = width * (1 + 0.25 * np.sin(np.linspace(0, rng.uniform(2, 9), CURVE_POINTS) + rng.uniform(0, 6)))
    points = curve(rng, rng.uniform(0.3, 0.9))
    image = paint(image, 0.5 * line_mask(points, widths + 3), _pick(rng, _GREENS + _SOILS[:1]))
    water = ground(rng, _pick(rng, _WATERS), spread=0.03) + 0.01 * noise(rng, 6, 2)[..., None]
    image = paint(image, 0.95 * line_mask(points, widths), water)
    return _maybe_road(image, rng, 0.15)


def _industrial(rng: Random) -> np.ndarray:
    image = ground(rng, _ASPHALT, spread=0.04) + 0.05 * noise(rng, 6, 3)[..., None]
    angle = rng.uniform(0, np.pi / 2)
    green = np.clip((noise(rng, 4) - 0.8) * 3, 0, 1)
    image = paint(image, green, _pick(rng, _GREENS + _SOILS))
    count = int(rng.integers(5, 13))
    centres, sizes = rng.uniform(0, TILE_PX, (count, 2)), rng.uniform(6, 22, (count, 2))
    halls = _picks(rng, _HALLS, count) + rng.normal(0, 0.05, (count, 1))
    _, shadows = blocks(centres + 1.2, sizes, angle, halls)
    colours, mask = blocks(centres, sizes, angle, halls)
    image = paint(paint(image, 0.5 * shadows, (0.22, 0.22, 0.25)), mask, colours)
    return _maybe_road(image, rng, 0.4)


def _residential(rng: Random) -> np.ndarray:
    gardens = paint(ground(rng, _pick(rng, _GREENS)), np.clip(0.4 + 0.3 * noise(rng, 12, 2), 0, 1), _ASPHALT)
    angle = rng.uniform(0, np.pi / 2)
    step = rng.uniform(4.5, 8)
    u, v = np.meshgrid(*[np.arange(-TILE_PX, TILE_PX, step)] * 2)
    turned = np.stack([u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)], axis=-1)
    centres = turned.reshape(-1, 2) + TILE_PX / 2
    built = ((centres >= 0) & (centres < TILE_PX)).all(axis=1) & (rng.random(len(centres)) < 0.8)
    centres = centres[built] + rng.normal(0, 0.8, (built.sum(), 2))
    sizes = rng.uniform(2, 0.75 * step, centres.shape)
    houses = _picks(rng, _ROOFS, len(centres)) + rng.normal(0, 0.03, (len(centres), 3))
    street = np.abs(stripes(rng, 6 * step)) < 0.12
    image = paint(gardens, 0.7 * street, _ASPHALT)
    colours, mask = blocks(centres, sizes, angle, houses)
    image = paint(image, 0.9 * mask, colours)
    return _maybe_road(image, rng, 0.4)


def _sea_lake(rng: Random) -> np.ndarray:
    image = ground(rng, _pick(rng, _WATERS), spread=0.03)
    image = image + 0.012 * noise(rng, 2, 2)[..., None] + 0.006 * noise(rng, 20)[..., None]
    if rng.random() < 0.25:
        shore = np.clip((rotated(rng)[0] + 0.1 * noise(rng, 4) - rng.uniform(0.4, 1.0)) * 10, 0, 1)
        image = paint(image, shore, _surroundings(rng))
    return image


def _surroundings(rng: Random) -> np.ndarray:
    """The land that a road or a river runs through."""
    grounds = (_annual_crop, _annual_crop, _pasture, _herbaceous, _forest, _residential, _industrial)
    return grounds[rng.integers(len(grounds))](rng)


def _shrubs(image: np.ndarray, rng: Random, count: int) -> np.ndarray:
    places, sizes = rng.uniform(0, TILE_PX, (count, 2)), rng.uniform(1, 2.5, (count, 2))
    colours, mask = blocks(places, sizes, rng.uniform(0, 3), np.full((count, 3), (0.20, 0.27, 0.18)))
    return paint(image, 0.7 * mask, colours)


def _maybe_road(image: np.ndarray, rng: Random, chance: float) -> np.ndarray:
    if rng.random() >= chance:
        return image
    return paint(image, 0.8 * line_mask(curve(rng, 0.3), [rng.uniform(1, 2.6)] * CURVE_POINTS), _ASPHALT)


def _seen_from_above(image: np.ndarray, rng: Random) -> np.ndarray:
    """Season, sun, haze and sensor noise."""
    season = rng.normal(1, 0.045, 3).astype(np.float32)
    light = np.float32(rng.uniform(0.72, 1.25)) * (1 + 0.05 * noise(rng, 2))
    haze = rng.uniform(0, 0.12)
    image = image * (season * np.float32(1 - haze)) * light[..., None] + np.float32(haze) * _HAZE
    image = image + np.float32(rng.uniform(0.008, 0.028)) * rng.standard_normal(image.shape, np.float32)
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def _pick(rng: Random, colours: tuple) -> tuple:
    return colours[rng.integers(len(colours))]


def _picks(rng: Random, colours: tuple, count: int) -> np.ndarray:
    return np.asarray(colours)[rng.integers(len(colours), size=count)]


DRAWINGS: dict[str, Callable[[Random], np.ndarray]] = {
    "AnnualCrop": _annual_crop,
    "Forest": _forest,
    "HerbaceousVegetation": _herbaceous,
    "Highway": _highway,
    "Industrial": _industrial,
    "Pasture": _pasture,
    "PermanentCrop": _permanent_crop,
    "Residential": _residential,
    "River": _river,
    "SeaLake": _sea_lake,
}
"""How each class is drawn; the class names are EuroSAT's (Helber et al. 2019)."""
