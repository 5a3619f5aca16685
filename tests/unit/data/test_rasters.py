"""Bands of GeoTIFFs: values, nodata, position, and what is refused before it is decoded."""

from __future__ import annotations

import io
import math
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsdash.config import Radiometry, make_radiometry
from rsdash.data import rasters
from rsdash.data.rasters import kind_of, position_of, read_bands
from rsdash.errors import ImageError
from tests.bands import geotiff, placed

PLAIN = Radiometry(name="plain", bands=("B1",), scale=1e-4)


@pytest.fixture
def geotiff_dir() -> Path:
    folder = os.environ.get("RSDASH_TEST_DATA")
    if not folder or not (Path(folder) / "geotiff").is_dir():
        pytest.skip("RSDASH_TEST_DATA does not name a folder with geotiff/")
    return Path(folder) / "geotiff"


def one_band(*numbers: float, dtype: str = "uint16") -> np.ndarray:
    return np.array(numbers, dtype=dtype).reshape(1, 1, -1)


def values(data: bytes, radiometry: Radiometry = PLAIN) -> list[float]:
    """Values of the first channel on [0, 1]."""
    pixels, _ = read_bands(data, "tile.tif", radiometry)
    assert pixels.dtype == np.uint16
    return (pixels[..., 0].ravel() / 65535).tolist()


@pytest.mark.parametrize("name", ["AnnualCrop_1", "Forest_1"])
def test_eurosat_bands_give_the_picture_of_their_jpeg_twin(name, geotiff_dir):
    data = (geotiff_dir / f"eurosat_ms_{name}.tif").read_bytes()
    pixels, _ = read_bands(data, name, make_radiometry("eurosat"))
    with zipfile.ZipFile(geotiff_dir.parent / "eurosat_rgb.zip") as archive:
        member = next(entry for entry in archive.namelist() if entry.endswith(f"/{name}.jpg"))
        twin = np.asarray(Image.open(io.BytesIO(archive.read(member)))).astype(float)
    difference = np.abs(pixels / 65535 * 255 - twin).mean(axis=(0, 1))
    assert (difference < 2).all()
    swapped = np.abs(pixels[..., ::-1] / 65535 * 255 - twin).mean()
    assert swapped > 4  # the test can tell the bands apart


def test_the_offset_is_added_before_scaling_and_values_are_clipped():
    data = geotiff(np.stack([one_band(0, 900, 1000, 3750, 11_000, 12_000)[0]] * 13))
    assert values(data, make_radiometry("sentinel2")) == pytest.approx([0, 0.09, 0.1, 0.375, 1, 1], abs=1e-5)
    shifted = values(data, make_radiometry("sentinel2-offset"))
    assert shifted == pytest.approx([0, 0, 0, 0.275, 1, 1], abs=1e-5)
    plain = values(data, make_radiometry("eurosat"))
    # what ignoring the offset does to the picture: 1000 / 2750 * 255 = 93 grey levels
    assert 255 * plain[2] == pytest.approx(92.7, abs=0.1)


def test_bands_come_by_name_and_in_the_order_asked_for():
    bands = np.arange(4, dtype=np.uint16).reshape(4, 1, 1) * 1000
    data = geotiff(bands, names=("B2", "B3", "B4", "B8"))
    pixels, _ = read_bands(data, "x", make_radiometry("sentinel2", "B08,B04,B02"))
    assert (pixels[0, 0] / 65535).tolist() == pytest.approx([0.3, 0.2, 0.0], abs=1e-5)


def test_an_unknown_band_names_those_there_are():
    data = geotiff(np.zeros((2, 3, 3), np.uint16), names=("nir", "swir"))
    with pytest.raises(ImageError, match=r"a\.tif .*'sentinel2': .*no band 'B04'; the bands are nir, swir\."):
        read_bands(data, "a.tif", make_radiometry("sentinel2"))


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32", "uint8", "int32", "float64"])
def test_numbers_of_all_kinds_are_read(dtype):
    assert values(geotiff(one_band(0, 50, 100, dtype=dtype))) == pytest.approx([0, 0.005, 0.01], abs=1e-5)


def test_negative_numbers_and_nan_are_black():
    assert values(geotiff(one_band(-300, 2000, dtype="int16"))) == pytest.approx([0, 0.2], abs=1e-5)
    found = values(geotiff(one_band(math.nan, math.inf, 2000, dtype="float32")))
    assert found == pytest.approx([0, 1, 0.2], abs=1e-5)


def test_pixels_without_data_are_black_whatever_they_hold():
    assert values(geotiff(one_band(9999, 2000), nodata=9999)) == pytest.approx([0, 0.2], abs=1e-5)
    shifted = Radiometry(name="x", bands=("B1",), scale=1e-4, offset=5000)
    assert values(geotiff(one_band(0, 2000), nodata=0), shifted) == pytest.approx([0, 0.7], abs=1e-5)
    masked = geotiff(one_band(5000, 2000), mask=np.array([[False, True]]))
    assert values(masked) == pytest.approx([0, 0.2], abs=1e-5)


def test_complex_numbers_are_refused():
    with pytest.raises(ImageError, match="holds complex64, which cannot be scaled"):
        read_bands(geotiff(np.zeros((1, 2, 2), np.complex64)), "radar.tif", PLAIN)


def test_a_vrt_in_disguise_reads_no_other_file(tmp_path):
    secret = tmp_path / "secret.tif"
    secret.write_bytes(geotiff(one_band(7000)))
    vrt = (
        '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="UInt16" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="0">{secret}</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    assert values(secret.read_bytes()) == pytest.approx([0.7], abs=1e-5)
    for disguised in (vrt.encode(), b"II*\0" + vrt.encode()):
        with pytest.raises(ImageError, match=r"not a TIFF|damaged"):
            read_bands(disguised, "tile.tif", PLAIN)


def bare_tiff(width: int, height: int, bands: int) -> bytes:
    """A TIFF of a few bytes that claims a size; uncompressed."""
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, bands),
        (278, 4, 1, 1),
        (279, 4, 1, 8),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("shape", [(100_000, 100_000, 1), (9_000, 9_000, 3)])
def test_too_many_pixels_are_refused_before_they_are_decoded(shape):
    data = bare_tiff(*shape)
    assert kind_of(data, "x").width == shape[0]
    with pytest.raises(ImageError, match=r"megapixels .*Cut it into tiles"):
        read_bands(data, "x", PLAIN)


def test_a_huge_block_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(rasters, "MAX_BLOCK_BYTES", 1_000_000)
    blocks = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    one, three = (geotiff(np.zeros((n, 4, 4), np.uint16), interleave="pixel", **blocks) for n in (1, 3))
    assert read_bands(one, "x", PLAIN)[0].shape == (4, 4, 1)
    with pytest.raises(ImageError, match=r"in blocks of 2 MB; .*smaller blocks"):
        read_bands(three, "x", PLAIN)


def snyder(easting: float, northing: float, meridian_deg: float) -> tuple[float, float]:
    """Inverse UTM, northern half (Snyder 1987, Map Projections: A Working Manual, eq. 8-17 to 8-25)."""
    a, e2 = 6378137.0, 0.00669437999014
    ep2, e1 = e2 / (1 - e2), (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    mu = northing / 0.9996 / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
    foot = mu + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu)
    foot += (21 * e1**2 / 16 - 55 * e1**4 / 32) * math.sin(4 * mu) + 151 * e1**3 / 96 * math.sin(6 * mu)
    c, t = ep2 * math.cos(foot) ** 2, math.tan(foot) ** 2
    curve = 1 - e2 * math.sin(foot) ** 2
    n, r = a / math.sqrt(curve), a * (1 - e2) / curve**1.5
    d = (easting - 500_000) / (n * 0.9996)
    latitude = foot - n * math.tan(foot) / r * (
        d**2 / 2 - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24
    )
    longitude = (d - (1 + 2 * t + c) * d**3 / 6) / math.cos(foot)
    return meridian_deg + math.degrees(longitude), math.degrees(latitude)


def test_the_position_of_a_eurosat_tile_is_that_of_the_formulas(geotiff_dir):
    place = position_of((geotiff_dir / "eurosat_ms_Forest_1.tif").read_bytes(), "x")
    easting, northing = 533043.68 + 320.4, 5567792.43 - 320.2  # UTM 32, pixels of 10.01 x 10.01 m
    longitude, latitude = snyder(easting, northing, 9.0)
    assert (place.longitude, place.latitude) == pytest.approx((longitude, latitude), abs=1e-5)
    grid_scale = 0.9996 * (1 + (easting - 500_000) ** 2 / (2 * 6_380_000**2))
    assert place.footprint_m == pytest.approx(64 * 10.01 / grid_scale, rel=1e-3)


def test_metres_of_the_web_mercator_grid_are_not_metres_on_the_ground():
    data = geotiff(np.zeros((1, 64, 64), np.uint8), **placed(0, 8_399_737.9, crs="EPSG:3857"))
    place = position_of(data, "x")
    assert place.latitude == pytest.approx(60, abs=0.01)
    assert place.footprint_m == pytest.approx(640 * 0.5, rel=5e-3)


def test_the_longer_side_is_the_footprint():
    data = geotiff(np.zeros((1, 20, 60), np.uint8), **placed(500_000, 5_500_000))
    assert position_of(data, "x").footprint_m == pytest.approx(600, rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {},
        placed(5, 5, crs='LOCAL_CS["a building",UNIT["metre",1]]'),
        placed(5e9, 5e9),
        {"transform": placed(1, 2)["transform"]},
    ],
    ids=["plain", "local grid", "outside", "no reference system"],
)
def test_a_tile_that_is_tied_to_no_place_has_no_position(options):
    assert all(math.isnan(number) for number in position_of(geotiff(one_band(1), **options), "x"))
