"""The audit of images that are not 8-bit RGB: it sees what training would see."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsdash.config import make_radiometry
from rsdash.data.audit import audit_dataset, audit_path, load_audit, symmetry
from rsdash.data.audit.measure import read_pixels
from rsdash.data.store import add_dataset
from tests.bands import geotiff, make_band_tiles

ALL_BANDS = make_radiometry("eurosat", "all")
FIRST, OTHER = "Forest/00.tif", "Lake/01.tif"


def bands_of(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return raster.read()


def turned(bands: np.ndarray, number: int) -> np.ndarray:
    """One of the 8 symmetries of (C, H, W)."""
    return np.ascontiguousarray(symmetry(bands.transpose(1, 2, 0), number).transpose(2, 0, 1))


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    return make_band_tiles(tmp_path / "bands", per_class=6)


def names(dataset, rows) -> set[str]:
    return {dataset.manifest.names[row] for row in rows}


def test_copies_among_13_bands_are_found_exact_and_turned(tiles):
    bands = bands_of(tiles / FIRST)
    (tiles / "Road" / "same.tif").write_bytes(geotiff(bands, compress="deflate"))
    brighter = np.round(turned(bands_of(tiles / OTHER), 1) * 1.02).astype(np.uint16)
    (tiles / "Lake" / "turned.tif").write_bytes(geotiff(brighter))
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    audit = audit_dataset(dataset)
    (copies,) = audit.identical
    assert (names(dataset, copies.rows), copies.same_bytes) == ({FIRST, "Road/same.tif"}, False)
    (pair,) = audit.near
    assert names(dataset, (pair.first, pair.second)) == {OTHER, "Lake/turned.tif"}
    aligned = symmetry(read_pixels(dataset, pair.second), pair.symmetry).astype(float)
    difference = np.abs(read_pixels(dataset, pair.first) - aligned).mean() * 255 / 65535
    assert pair.difference == pytest.approx(difference, abs=0.01) and 0.2 < difference < 5
    assert [names(dataset, rows) for rows in audit.conflicts] == [{FIRST, "Road/same.tif"}]
    assert audit.modes == {"13 bands of uint16": 20} and audit.mode_outliers == ()


def test_a_band_that_is_not_read_decides_nothing(tiles):
    bands = bands_of(tiles / FIRST)
    bands[12] = 9000  # B8A, which the red, green and blue of training leave out
    (tiles / "Forest" / "same.tif").write_bytes(geotiff(bands))
    assert audit_dataset(add_dataset(tiles, radiometry=ALL_BANDS)).identical == ()
    dataset = add_dataset(tiles, radiometry=make_radiometry("eurosat"))
    (copies,) = audit_dataset(dataset).identical
    assert names(dataset, copies.rows) == {FIRST, "Forest/same.tif"}


def test_each_radiometry_has_its_own_audit(tiles):
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    first = audit_dataset(dataset)
    dim = add_dataset(tiles, radiometry=make_radiometry("sentinel2", "all"))
    assert load_audit(dim) is None and audit_path(dim).parent == audit_path(dataset).parent
    assert len(first.too_uniform) < len(audit_dataset(dim).too_uniform)  # the contrast is a quarter
    assert load_audit(add_dataset(tiles, radiometry=ALL_BANDS)) == first


def test_thresholds_are_grey_levels_of_255(tiles):
    """Contrast 4 of 255 is 43 DN at DN / 2750."""
    rng = np.random.default_rng(5)
    for name, spread in (("flat", 40), ("textured", 46)):
        pattern = rng.choice([-spread, spread], (24, 24)).astype(np.int16)
        level = (1000 + np.broadcast_to(pattern, (13, 24, 24))).astype(np.uint16)
        (tiles / "Lake" / f"{name}.tif").write_bytes(geotiff(level))
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    assert names(dataset, audit_dataset(dataset).too_uniform) == {"Lake/flat.tif"}


def test_a_dark_lake_of_16_bits_is_not_blank_but_a_tile_without_data_is(tiles):
    lake = np.random.default_rng(3).integers(200, 210, (13, 24, 24)).astype(np.uint16)  # one level of 255
    (tiles / "Lake" / "dark.tif").write_bytes(geotiff(lake))
    (tiles / "Lake" / "empty.tif").write_bytes(geotiff(np.zeros((13, 24, 24), np.uint16)))
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    audit = audit_dataset(dataset)
    assert names(dataset, audit.blank) == {"Lake/empty.tif"}
    assert names(dataset, audit.too_uniform) == {"Lake/dark.tif", "Lake/empty.tif"}


def test_files_of_another_number_format_stand_out(tiles):
    for at in range(6, 20):
        for kind in ("Forest", "Lake", "Road"):
            (tiles / kind / f"{at:02}.tif").write_bytes((tiles / kind / f"{at % 6:02}.tif").read_bytes())
    (tiles / "Road" / "float.tif").write_bytes(geotiff(bands_of(tiles / FIRST).astype(np.float32)))
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    assert names(dataset, audit_dataset(dataset).mode_outliers) == {"Road/float.tif"}


def test_a_real_tile_of_sentinel_2_is_found_turned(tiles):
    real = Path(os.environ.get("RSDASH_TEST_DATA", "")) / "geotiff" / "eurosat_ms_AnnualCrop_1.tif"
    if not real.is_file():
        pytest.skip("RSDASH_TEST_DATA does not name a folder with EuroSAT's 13-band tiles")
    bands = bands_of(real)
    (tiles / "Road" / "real.tif").write_bytes(real.read_bytes())
    (tiles / "Road" / "real-turned.tif").write_bytes(geotiff(turned(bands, 6)))
    dataset = add_dataset(tiles, radiometry=ALL_BANDS)
    (pair,) = audit_dataset(dataset).near
    assert names(dataset, (pair.first, pair.second)) == {"Road/real.tif", "Road/real-turned.tif"}
    assert (pair.symmetry, pair.difference) == (6, 0)
