"""Names as pages show them."""

from __future__ import annotations

import pytest

from rsdash.ui.words import ZERO_WIDTH_SPACE, breakable


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("HerbaceousVegetation", ["Herbaceous", "Vegetation"]),
        ("mobile_home_park", ["mobile_", "home_", "park"]),
        ("Forest 70 %, Lake 30 %", ["Forest 70 %, Lake 30 %"]),
        ("CORINE", ["CORINE"]),
    ],
)
def test_a_long_name_may_break_between_its_words_only(name: str, parts: list[str]) -> None:
    assert breakable(name).split(ZERO_WIDTH_SPACE) == parts
