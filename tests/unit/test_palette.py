from __future__ import annotations

import numpy as np

from rsdash.palette import (
    CLASS_COLORS,
    DISTINCT,
    HEIGHT_COLOR,
    NO_PART_COLOR,
    PART_COLORS,
    SIZE_COLOR,
    WIDTH_COLOR,
    class_color,
    class_rgb,
)

RESISC45 = 45
D65 = np.array([0.95047, 1.0, 1.08883])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def cielab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of sRGB (IEC 61966-2-1): another measure than the one colours are chosen by."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    x, y, z = (np.cbrt(linear @ TO_XYZ.T / D65)).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest_pair(count: int) -> float:
    places = cielab(np.array([class_rgb(label) for label in range(count)]))
    distances = np.linalg.norm(places[:, None] - places, axis=-1)
    return distances[np.triu_indices(count, 1)].min()


def test_the_first_ten_colours_are_those_chosen_by_hand() -> None:
    chosen = ("#c9a227", "#1f6f3d", "#86a84b", "#7d7d7d", "#8c4a9e")
    chosen += ("#a8d08d", "#d9822b", "#c2473f", "#3fa7d6", "#1d4e89")
    assert tuple(class_color(label) for label in range(10)) == chosen == CLASS_COLORS
    assert class_rgb(0) == (0xC9, 0xA2, 0x27)


def test_45_classes_are_told_apart_at_a_glance() -> None:
    assert nearest_pair(RESISC45) > 12  # about 2.3 is just noticed (Mahy et al. 1994)


def test_each_class_that_a_map_can_hold_has_a_colour_of_its_own() -> None:
    assert len({class_color(label) for label in range(DISTINCT)}) == DISTINCT == 255
    assert class_color(DISTINCT) == class_color(0)


def test_no_further_colour_is_lost_on_a_dark_or_a_white_page() -> None:
    lightness = cielab(np.array([class_rgb(label) for label in range(10, DISTINCT)]))[:, 0]
    assert lightness.min() > 20 and lightness.max() < 95


def test_parts_and_image_sizes_have_colours_of_no_class() -> None:
    others = [*PART_COLORS.values(), NO_PART_COLOR, SIZE_COLOR, WIDTH_COLOR, HEIGHT_COLOR]
    places = cielab(np.array([list(bytes.fromhex(color[1:])) for color in others]))
    classes = cielab(np.array([class_rgb(label) for label in range(len(CLASS_COLORS))]))
    assert np.linalg.norm(places[:, None] - classes, axis=-1).min() > 15
    parts = places[: len(PART_COLORS)]
    assert np.linalg.norm(parts[:, None] - parts, axis=-1)[np.triu_indices(len(parts), 1)].min() > 40
    assert not {class_color(label) for label in range(DISTINCT)} & set(others)
