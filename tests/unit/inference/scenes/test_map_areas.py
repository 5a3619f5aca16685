from __future__ import annotations

import math

import numpy as np
import pytest

from rsdash.errors import DataError
from rsdash.inference.scenes.areas import CellAreas, areas_on_scene, cell_areas_m2, class_areas_m2
from rsdash.inference.scenes.record import NO_CLASS

EARTH_M2 = 510_065_621_724_000
"""Surface of the WGS 84 ellipsoid (Moritz 1980, Geodetic Reference System 1980, to within 1e-9)."""


def north_of_equator_m2(latitude: float) -> float:
    """Area of the ellipsoid from the equator to a latitude, by the authalic formula (Snyder 1987, 3-12)."""
    semi_minor, e = 6_356_752.314245, 0.0818191908426215
    s = math.sin(math.radians(latitude))
    return math.pi * semi_minor**2 * (math.atanh(e * s) / e + s / (1 - (e * s) ** 2))


def test_the_independent_formula_knows_the_size_of_the_earth() -> None:
    assert 2 * north_of_equator_m2(90) == pytest.approx(EARTH_M2, rel=1e-8)


@pytest.mark.parametrize(("side", "top", "rows"), [(0.0001, 47.0, 5), (0.005, 70.0, 60), (0.5, 84.0, 300)])
def test_cells_in_degrees_shrink_towards_the_pole(side: float, top: float, rows: int) -> None:
    areas = cell_areas_m2("EPSG:4326", (side, 0, 179.9, 0, -side, top), (rows, 7))
    borders = [north_of_equator_m2(top - side * row) for row in range(rows + 1)]
    np.testing.assert_allclose(areas, -np.diff(borders) * side / 360, rtol=1e-5)


def test_web_mercator_metres_are_not_metres() -> None:
    latitude = 60.0
    y = 6_378_137 * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    area = cell_areas_m2("EPSG:3857", (100, 0, 1e6, 0, -100, y + 50), (1, 3))[0]
    curve = 1 - 0.00669437999014 * math.sin(math.radians(latitude)) ** 2
    along = 1 / curve**0.5 * math.cos(math.radians(latitude))  # radii of curvature, Snyder 1987, 4-20
    meridian = (1 - 0.00669437999014) / curve**1.5 * math.cos(math.radians(latitude))
    assert area == pytest.approx(1e4 * along * meridian, rel=1e-5)
    assert area == pytest.approx(2500, rel=0.01)


@pytest.mark.parametrize("corner", [(4_321_000, 3_210_000), (2_600_000, 1_700_000), (7_000_000, 5_300_000)])
def test_an_equal_area_projection_keeps_areas(corner: tuple[int, int]) -> None:
    areas = cell_areas_m2("EPSG:3035", (320, 0, corner[0], 0, -320, corner[1]), (50, 40))
    np.testing.assert_allclose(areas, 320**2, rtol=1e-6)


def test_utm_is_smaller_than_life_on_its_middle_meridian() -> None:
    areas = cell_areas_m2("EPSG:32632", (320, 0, 500_000 - 160 * 10, 0, -320, 5_300_000), (4, 10))
    np.testing.assert_allclose(areas, 320**2 / 0.9996**2, rtol=1e-6)


def test_turned_and_sheared_cells_have_the_area_of_their_parallelogram() -> None:
    transform = (200.0, 120.0, 4_321_000.0, 90.0, -310.0, 3_210_000.0)
    areas = cell_areas_m2("EPSG:3035", transform, (5, 5))
    np.testing.assert_allclose(areas, 200 * 310 + 120 * 90, rtol=1e-6)


def test_cells_at_the_pole_and_across_the_antimeridian_have_a_size() -> None:
    scale = ((1 + math.sin(math.radians(70))) / 2) ** 2  # true at 70 degrees, nearly (Snyder 1987, 21-32)
    polar = cell_areas_m2("EPSG:3413", (1000, 0, -2500, 0, -1000, 2500), (5, 5))
    np.testing.assert_allclose(polar, 1e6 / scale, rtol=1e-3)
    left = 2_000_000 + math.radians(1.25) * 6_378_137 * math.cos(math.radians(17)) - 10 * 320  # 180 degrees
    fiji = cell_areas_m2("EPSG:3460", (320, 0, left, 0, -320, 4_000_000), (3, 20))
    np.testing.assert_allclose(fiji, 320**2, rtol=5e-4)


def test_areas_of_classes_are_sums_of_what_lies_on_the_scene() -> None:
    counts, last_column = np.array([[2, 0], [1, 3], [0, 3]]), np.array([0, 1, NO_CLASS])
    areas = CellAreas(np.array([100.0, 10.0, 1.0]), last_column=0.25)
    assert class_areas_m2(counts, last_column, areas) == (210.0 - 75.0, 33.0 - 7.5)


def test_the_last_row_is_as_high_as_the_scene_reaches() -> None:
    areas = areas_on_scene("EPSG:3035", (320, 0, 4_000_000, 0, -320, 3_000_000), (3, 2), (0.25, 0.5))
    np.testing.assert_allclose(areas.by_row, [320**2, 320**2, 320 * 80], rtol=1e-6)
    assert areas.last_column == 0.5


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:32632", (320, 0, 5e9, 0, -320, 1e12)),
        ('LOCAL_CS["drawing",UNIT["metre",1]]', (1, 0, 0, 0, -1, 0)),
        ("EPSG:4326", (0, 0, 9, 0, 0, 47)),
    ],
)
def test_a_map_without_a_place_on_earth_is_refused(crs: str, transform: tuple) -> None:
    with pytest.raises(DataError, match=r"position of the scene|no size on the ground"):
        cell_areas_m2(crs, transform, (3, 3))
