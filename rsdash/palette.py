"""Colours of classes: the same on every chart, on maps and in the files that other programs open."""

from __future__ import annotations

from functools import cache

import numpy as np

CLASS_COLORS = (
    "#c9a227",
    "#1f6f3d",
    "#86a84b",
    "#7d7d7d",
    "#8c4a9e",
    "#a8d08d",
    "#d9822b",
    "#c2473f",
    "#3fa7d6",
    "#1d4e89",
)
"""Of the first ten classes, chosen by hand."""
DISTINCT = 255
"""Classes with a colour of their own: as many as a map can hold."""

_LEVELS = np.arange(16) * 17
_DARKEST, _LIGHTEST = 0.38, 0.88
"""Bounds of OKLab lightness, so that a colour is seen on a dark page and on a white one."""
_STRONGEST = 0.17
"""Bound of OKLab chroma, so that no class shouts."""
_TO_CONE = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def class_color(label: int) -> str:
    """Colour of the class at a place in the list of classes, `#rrggbb`; repeats after DISTINCT classes."""
    place = label % DISTINCT
    return CLASS_COLORS[place] if place < len(CLASS_COLORS) else _further()[place - len(CLASS_COLORS)]


def class_rgb(label: int) -> tuple[int, int, int]:
    """The same colour as red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(class_color(label).removeprefix("#"))
    return red, green, blue


@cache
def _further() -> tuple[str, ...]:
    """Colours after the first ten: each the calm one of 4,096 that is farthest from all before it."""
    lattice = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1).reshape(-1, 3)
    places = _oklab(lattice)
    light, chroma = places[:, 0], np.hypot(places[:, 1], places[:, 2])
    calm = (light >= _DARKEST) & (light <= _LIGHTEST) & (chroma <= _STRONGEST)
    lattice, places = lattice[calm], places[calm]
    given = _oklab(np.array([list(bytes.fromhex(color[1:])) for color in CLASS_COLORS]))
    nearest = np.linalg.norm(places[:, None] - given, axis=-1).min(axis=1)
    chosen: list[str] = []
    while len(CLASS_COLORS) + len(chosen) < DISTINCT:
        best = int(nearest.argmax())
        chosen.append("#" + bytes(lattice[best].tolist()).hex())
        nearest = np.minimum(nearest, np.linalg.norm(places - places[best], axis=-1))
    return tuple(chosen)


def _oklab(rgb: np.ndarray) -> np.ndarray:
    """Perceived lightness and hue of sRGB colours from 0 to 255 (Ottosson 2020, OKLab); (n, 3)."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONE.T) @ _TO_LAB.T
