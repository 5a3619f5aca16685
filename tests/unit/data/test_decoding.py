"""Decoding as a radiometry says: the way to Pillow or to rasterio, sizes, and pictures for people."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rsdash.config import RGB8, Radiometry, make_radiometry
from rsdash.data.decoding import decode, examine, picture
from rsdash.errors import ImageError
from tests.bands import draw_bands, geotiff, placed

ALL = make_radiometry("eurosat", "all")


def test_rgb8_is_eight_bits_and_bands_are_sixteen(tile):
    assert decode(tile(1), "a").dtype == np.uint8
    pixels = decode(geotiff(draw_bands(0, 0)), "a", ALL)
    assert (pixels.dtype, pixels.shape) == (np.uint16, (24, 24, 13))


@pytest.mark.parametrize(
    ("bands", "what"),
    [
        (draw_bands(0, 0), "13 bands of uint16"),
        (draw_bands(0, 0)[:3], "3 bands of uint16"),
        (draw_bands(0, 0)[:1], "one band of more than 8 bits"),
        (draw_bands(0, 0)[:1].astype(np.float32), "one band of more than 8 bits"),
    ],
)
def test_bands_under_rgb8_say_which_presets_there_are(bands, what):
    with pytest.raises(ImageError, match=rf"a\.tif has {what}.*Choose sentinel2, sentinel2-offset, eurosat"):
        decode(geotiff(bands), "a.tif")


def test_a_picture_under_bands_says_so(tile):
    with pytest.raises(ImageError, match=r"a\.png is a PNG, .*B04, B03, B02\) from GeoTIFFs alone"):
        decode(tile(1), "a.png", make_radiometry("sentinel2"))


def test_resizing_takes_each_band_by_itself_and_loses_no_depth():
    rng = np.random.default_rng(0)
    bands = rng.integers(0, 65536, (5, 32, 32)).astype(np.uint16)
    whole = Radiometry(name="x", bands=("B1", "B2", "B3", "B4", "B5"), scale=1 / 65535)
    small = decode(geotiff(bands), "a", whole, 8)
    assert small.shape == (8, 8, 5)
    for channel in range(5):  # against a filter of its own: a triangle of twice the shrinkage
        weights = np.array([1 - abs(position + 0.5 - 4) / 4 for position in range(8)])
        reach = slice(2, 10)  # pixels around the centre of output pixel 1, which lies at 6
        weights = weights / weights.sum()
        expected = weights @ bands[channel][reach, reach].astype(float) @ weights
        assert small[1, 1, channel] == pytest.approx(expected, abs=2)


def test_the_brightest_value_stays_the_brightest():
    bands = np.full((1, 40, 40), 65535, np.uint16)
    white = Radiometry(name="x", bands=("B1",), scale=1 / 65535)
    assert (decode(geotiff(bands), "a", white, 24) == 65535).all()


def test_a_picture_shows_red_green_and_blue_without_stretching():
    levels = np.zeros((13, 2, 2), np.uint16)
    levels[[3, 2, 1]] = np.array([280, 1375, 2750])[:, None, None]
    shown = picture(decode(geotiff(levels), "a", ALL), ALL)
    assert (shown.dtype, shown[0, 0].tolist()) == (np.uint8, [26, 128, 255])


def test_a_single_band_is_shown_grey():
    grey = Radiometry(name="x", bands=("B1",), scale=1e-3)
    shown = picture(decode(geotiff(np.full((1, 2, 2), 500, np.uint16)), "a", grey), grey)
    assert shown[0, 0].tolist() == [128, 128, 128]


def test_an_8_bit_geotiff_has_a_position_and_a_plain_one_has_none():
    pixels = np.zeros((3, 6, 8), np.uint8)
    facts = examine(geotiff(pixels, photometric="RGB", **placed(500_000, 5_000_000)), "a.tif", RGB8)
    assert (facts.width, facts.height) == (8, 6)
    assert facts.position.longitude == pytest.approx(9.0005, abs=1e-3)
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(buffer, "TIFF")
    assert np.isnan(examine(buffer.getvalue(), "b.tif").position.longitude)
