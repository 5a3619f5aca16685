"""What drawn scenes are made of: noise, parcels, lines and roofs, as float arrays in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

TILE_PX = 64
SHEET_PX = 512
"""Noise is made in sheets of this side, once."""
OVERSAMPLING = 3
"""Shapes are drawn so many times larger and shrunk, so that their edges are smooth."""

CURVE_POINTS = 24

Pair = Sequence[float] | np.ndarray
Triple = Sequence[float] | np.ndarray
Random = np.random.Generator
Layer = tuple[np.ndarray, np.ndarray]

_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
_AXIS = np.linspace(-1, 1, TILE_PX, dtype=np.float32)
_X, _Y = np.meshgrid(_AXIS, _AXIS)


def noise(rng: Random, cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth random field of mean about 0 and SD about 1, cut from a larger sheet; (64, 64)."""
    sheet = _noise_sheet(cells, octaves)
    top, left, turns = rng.integers((SHEET_PX - TILE_PX, SHEET_PX - TILE_PX, 4)).tolist()
    return np.rot90(sheet[top : top + TILE_PX, left : left + TILE_PX], turns)


def ground(rng: Random, colour: Triple, *, spread: float = 0.03) -> np.ndarray:
    """An even ground of one colour, itself varied a little; (64, 64, 3)."""
    tint = np.asarray(colour, np.float32) + rng.normal(0, spread, 3).astype(np.float32)
    return np.broadcast_to(tint, (TILE_PX, TILE_PX, 3)).copy()


def rotated(rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across a random direction, in half tiles; two (64, 64)."""
    angle = rng.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return _X * cos + _Y * sin, _Y * cos - _X * sin


def parcels(rng: Random, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the tile into fields by straight lines; labels (64, 64) and a mask of their borders."""
    along, across = rotated(rng)
    labels = np.zeros((TILE_PX, TILE_PX), np.int64)
    for number in range(1, count):
        field = labels == np.bincount(labels.ravel()).argmax()
        axis = along if rng.random() < 0.5 else across
        labels[field & (axis > np.quantile(axis[field], rng.uniform(0.3, 0.7)))] = number
    border = np.zeros(labels.shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    return labels, border


def stripes(rng: Random, period_px: float) -> np.ndarray:
    """Rows of plants: a wave in a random direction, in [-1, 1]; (64, 64)."""
    along, _ = rotated(rng)
    wave = np.float32(np.pi * TILE_PX / period_px)
    return np.sin(along * wave + np.float32(rng.uniform(0, 2 * np.pi)))


def curve(rng: Random, bend: float) -> list[tuple[float, float]]:
    """Points, in px, of a line that crosses the tile; `bend` 0 is straight, 1 winds."""
    along = np.linspace(-1.6, 1.6, CURVE_POINTS)
    waves = sum(
        rng.normal(0, bend / order) * np.sin(order * along + rng.uniform(0, 2 * np.pi)) for order in (1, 2, 3)
    )
    across = rng.uniform(-0.45, 0.45) + 0.4 * waves
    angle = rng.uniform(0, 2 * np.pi)
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    points = np.stack([x, y], axis=1) * TILE_PX / 2 + TILE_PX / 2
    return [(float(px), float(py)) for px, py in points]


def line_mask(points: Sequence[tuple[float, float]], widths_px: Pair) -> np.ndarray:
    """Coverage in [0, 1] of a line whose width may change along it; (64, 64)."""
    canvas, pen = _canvas()
    scaled = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]
    for (x, y), (next_x, next_y), width in zip(scaled, scaled[1:], widths_px, strict=False):
        pen.line((x, y, next_x, next_y), fill=255, width=max(1, round(width * OVERSAMPLING)))
        radius = width * OVERSAMPLING / 2
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return _shrunk(canvas)


def blocks(centres: np.ndarray, sizes: np.ndarray, angle: float, shades: np.ndarray) -> Layer:
    """Rectangles in one direction, later ones above earlier ones.

    Args:
        centres: px, (K, 2).
        sizes: px, (K, 2).
        angle: radians.
        shades: colour of each, (K, 3).

    Returns:
        Colours (64, 64, 3) and coverage in [0, 1] (64, 64).
    """
    side = TILE_PX * OVERSAMPLING
    colours = Image.new("RGB", (side, side))
    cover, mask_pen = _canvas()
    pen = ImageDraw.Draw(colours)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = (centres[:, None] + (sizes[:, None] / 2 * _CORNERS) @ turn) * OVERSAMPLING  # (K, 4, 2)
    fills = (shades.clip(0, 1) * 255).astype(int).tolist()
    for outline, fill in zip(corners.reshape(-1, 8).tolist(), fills, strict=True):
        pen.polygon(outline, fill=tuple(fill))
        mask_pen.polygon(outline, fill=255)
    mask = _shrunk(cover)
    small = np.asarray(colours.reduce(OVERSAMPLING), np.float32) / 255
    return small / np.maximum(mask, 1e-3)[..., None], mask


def paint(image: np.ndarray, mask: np.ndarray, colour: Triple) -> np.ndarray:
    """Lay a colour, or a picture, over the image where the mask covers it."""
    cover = np.asarray(mask, np.float32)[..., None]
    return image + (np.asarray(colour, np.float32) - image) * cover


@lru_cache
def _noise_sheet(cells: int, octaves: int) -> np.ndarray:
    rng = np.random.default_rng((cells, octaves))
    field = np.zeros((SHEET_PX, SHEET_PX), np.float32)
    for octave in range(octaves):
        side = min(SHEET_PX, cells * 2**octave * SHEET_PX // TILE_PX)
        grid = Image.fromarray(rng.standard_normal((side, side), dtype=np.float32))
        field += np.asarray(grid.resize((SHEET_PX, SHEET_PX), Image.Resampling.BICUBIC)) / 2**octave
    return (field - field.mean()) / field.std()


def _canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (TILE_PX * OVERSAMPLING, TILE_PX * OVERSAMPLING))
    return canvas, ImageDraw.Draw(canvas)


def _shrunk(canvas: Image.Image) -> np.ndarray:
    return np.asarray(canvas.reduce(OVERSAMPLING), np.float32) / 255
