"""Metres on the ellipsoid against published lengths of a degree."""

from __future__ import annotations

import pytest

from rsdash.data.positions import metres_between

ONE_DEGREE_M = {0: (110_574.4, 111_319.5), 45: (111_131.7, 78_846.8), 75: (111_618.0, 28_902.4)}
"""Latitude → metres per degree of latitude and of longitude, WGS 84 (NGA, published calculator)."""


@pytest.mark.parametrize("latitude", ONE_DEGREE_M)
def test_a_degree_has_its_published_length(latitude: int) -> None:
    north_m, east_m = ONE_DEGREE_M[latitude]
    half = 0.5 if latitude else 0.0
    north = metres_between((9, latitude - half), (9, latitude - half + 1))
    assert north == pytest.approx(north_m, rel=2e-5)
    east = 100 * metres_between((9, latitude), (9.01, latitude))
    assert east == pytest.approx(east_m, rel=2e-5)


def test_the_way_over_the_date_line_is_the_short_one() -> None:
    assert metres_between((179.995, 0), (-179.995, 0)) == pytest.approx(1_113.2, rel=1e-4)
