"""Bands, scale and offset: presets, names of bands, and what is refused."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from rsdash.config import RADIOMETRIES, RADIOMETRY_TEXTS, RGB8, Radiometry, make_radiometry
from rsdash.errors import ConfigError

NO_NAMES = (None,) * 13


def test_each_preset_has_a_line_of_text_and_its_own_name() -> None:
    assert RADIOMETRIES.keys() == RADIOMETRY_TEXTS.keys()
    assert all(name == preset.name for name, preset in RADIOMETRIES.items())


def test_eurosat_has_band_8a_last_and_the_product_has_it_ninth() -> None:
    # red, green and blue stand at 4, 3 and 2 in both; B8A and B12 tell the orders apart
    assert make_radiometry("eurosat").positions_in(NO_NAMES) == (3, 2, 1)
    assert make_radiometry("eurosat", "B8A,B12,B09").positions_in(NO_NAMES) == (12, 11, 8)
    assert make_radiometry("sentinel2", "B8A,B12,B09").positions_in(NO_NAMES) == (8, 12, 9)
    assert make_radiometry("eurosat", "all").positions_in(NO_NAMES) == tuple(range(13))


def test_level_2a_files_of_twelve_bands_lack_the_cirrus_band() -> None:
    assert make_radiometry("sentinel2", "B09,B11").positions_in((None,) * 12) == (9, 10)
    with pytest.raises(ConfigError, match=r"There is no band 'B10'; the bands are B01, .*B09, B11, B12\."):
        make_radiometry("sentinel2", "all").positions_in((None,) * 12)


def test_the_names_in_a_file_go_before_the_presets_order() -> None:
    names = ("B8", "B4", "B3", "B2")
    assert make_radiometry("sentinel2").positions_in(names) == (1, 2, 3)
    assert make_radiometry("sentinel2", "b08, B02").positions_in(names) == (0, 3)


def test_bands_without_names_are_numbered_and_not_taken_for_sentinels() -> None:
    custom = Radiometry(name="aerial", bands=("B4", "B1"), scale=1 / 255)
    assert custom.positions_in((None,) * 4) == (3, 0)
    with pytest.raises(ConfigError, match=r"no band 'B04'; the bands are B1, B2, B3, B4"):
        make_radiometry("sentinel2").positions_in((None,) * 4)


def test_doubtful_names_in_a_file_are_not_used() -> None:
    assert Radiometry(name="x", bands=("B2",)).positions_in(("same", "same")) == (1,)
    assert Radiometry(name="x", bands=("B2",)).positions_in(("red", None)) == (1,)


def test_a_radiometry_survives_json() -> None:
    for radiometry in (*RADIOMETRIES.values(), make_radiometry("eurosat", "all")):
        again = Radiometry(**json.loads(json.dumps(radiometry.model_dump(mode="json"))))
        assert again == radiometry
        assert again.digest == radiometry.digest


def test_the_digest_changes_with_the_pixels_and_not_with_the_name() -> None:
    base = make_radiometry("sentinel2")
    same = base.model_copy(update={"name": "mine"})
    others = [make_radiometry("sentinel2-offset"), make_radiometry("sentinel2", "B02,B03,B04"), RGB8]
    others.append(base.model_copy(update={"layouts": ()}))
    assert same.digest == base.digest
    assert len({base.digest, *(other.digest for other in others)}) == 5


@pytest.mark.parametrize(
    "change", [{"scale": 0}, {"scale": float("inf")}, {"bands": ()}, {"bands": ("B1", "b1")}, {"bands": None}]
)
def test_nonsense_is_refused(change: dict) -> None:
    with pytest.raises(ValidationError):
        Radiometry.model_validate({"bands": ("B1",), "scale": 0.1, **change})


def test_a_wrong_choice_is_one_clear_sentence() -> None:
    with pytest.raises(ConfigError, match=r"no radiometry 'sentinel3'; choose one of rgb8, sentinel2,"):
        make_radiometry("sentinel3")
    with pytest.raises(ConfigError, match="rgb8 has no bands to choose from; got B04"):
        make_radiometry("rgb8", "B04")
    with pytest.raises(ConfigError, match="bands=B04,B04 cannot be used: bands names a band twice"):
        make_radiometry("eurosat", "B04,B04")


def test_the_channels_to_show_are_those_with_the_names_of_colours() -> None:
    assert make_radiometry("eurosat", "all").display_channels == (3, 2, 1)
    assert make_radiometry("eurosat", "B08,B11,B12,B01").display_channels == (0, 1, 2)
    assert make_radiometry("eurosat", "B08").display_channels == (0, 0, 0)


def test_the_words_give_the_formula() -> None:
    words = make_radiometry("sentinel2-offset").describe()
    assert words == "B04, B03, B02; value = (DN - 1000) * 0.0001, clipped to [0, 1]"
