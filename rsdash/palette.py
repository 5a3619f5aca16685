"""Colours by what they mean; a class has the same one on charts, on maps and in files for other programs."""

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

_BLUE, _ORANGE, _GREEN, _PURPLE, _GREY = "#2f74c0", "#d9822b", "#3f9b5f", "#8e5bb5", "#7d8794"
_TEAL, _PINK, _INDIGO, _BROWN = "#17a398", "#e0529c", "#5b5fe0", "#7b4b32"
"""Hues; meanings that never stand on one chart may share one."""

PART_COLORS = {"train": _TEAL, "validation": _PINK, "test": _INDIGO}
NO_PART_COLOR = "#a9b1bb"
SIZE_COLOR, WIDTH_COLOR, HEIGHT_COLOR = _BROWN, _TEAL, _BROWN
"""Of parts of a split and sizes of images: no class has them, as a page may show classes too."""

ACCURACY_RED, LOSS_BLUE = "#d1403f", _BLUE
"""Of a single run, as in the study."""
RATE_COLOR, HEAD_RATE_COLOR = _PURPLE, _ORANGE
FIRST_LAYER_COLOR, LAST_LAYER_COLOR, ALL_LAYERS_COLOR = _BLUE, _ORANGE, _GREY
READYING_COLOR, LEARNING_COLOR = _ORANGE, _BLUE
"""Time that goes into getting images ready, and into learning from them."""
PROCESSOR_COLOR, GPU_COLOR = _BLUE, _GREEN
RUN_COLORS = (
    *(_BLUE, _ORANGE, _GREEN, _PURPLE, "#c2477f", "#7a6a58", "#27a3a3", "#99851f"),
    *("#7fb2e5", "#e8b07a", "#8cc79f", "#bd9ad6", "#e08fb3", "#b3a594", "#7fcfcf", "#cbb95a"),
)
"""Of runs in a comparison: far apart first, then the same in light."""
REFERENCE_COLOR = UNCLEAR_COLOR = "#8a8f98"
"""A line to compare with; a difference whose interval holds zero."""
BETTER_COLOR, WORSE_COLOR, EQUAL_COLOR = "#2f7d4f", "#b5403f", "#f2f1ee"
RIGHT_COLOR, DOUBTFUL_COLOR, WRONG_COLOR = BETTER_COLOR, "#e8d9a0", WORSE_COLOR
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
