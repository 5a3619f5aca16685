"""Where a tile lies on the Earth and how large it is there: longitude, latitude, metres."""

from __future__ import annotations

import math
from typing import NamedTuple

EQUATOR_RADIUS_M = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_14
"""Of the WGS 84 ellipsoid (NIMA TR8350.2)."""


class Position(NamedTuple):
    """Centre and size of an image; all NaN where unknown.

    Attributes:
        longitude: degrees east, WGS 84.
        latitude: degrees north, WGS 84.
        footprint_m: the longer side in metres on the ellipsoid, through the centre.
    """

    longitude: float
    latitude: float
    footprint_m: float


UNKNOWN = Position(math.nan, math.nan, math.nan)


def metres_between(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Length of the way between two near points on the WGS 84 ellipsoid.

    Pythagoras on the radii of curvature at the middle latitude (Bomford 1980, Geodesy, 4th ed.): right
    to 1 in 10,000 up to about 100 km between latitudes of 80 degrees.

    Args:
        first: longitude and latitude in degrees.
        second: the other point.
    """
    east = math.radians((second[0] - first[0] + 180) % 360 - 180)  # the shorter way round
    north = math.radians(second[1] - first[1])
    middle = math.radians((first[1] + second[1]) / 2)
    curve = 1 - ECCENTRICITY_SQUARED * math.sin(middle) ** 2
    meridian_m = EQUATOR_RADIUS_M * (1 - ECCENTRICITY_SQUARED) / curve**1.5
    parallel_m = EQUATOR_RADIUS_M / math.sqrt(curve) * math.cos(middle)
    return math.hypot(meridian_m * north, parallel_m * east)
