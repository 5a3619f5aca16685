"""Data sets of GeoTIFFs in the store: their radiometry and their positions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rsdash.config import RGB8, make_radiometry
from rsdash.data.store import add_dataset, add_upload, list_datasets, open_dataset
from rsdash.errors import DataError
from tests.bands import draw_bands, geotiff


def test_the_radiometry_is_kept_until_another_is_named(band_tiles):
    bands, offset = make_radiometry("sentinel2", "all"), make_radiometry("sentinel2-offset", "all")
    first = add_dataset(band_tiles, radiometry=bands)
    assert open_dataset("bands").info.radiometry == bands
    assert add_dataset(band_tiles).info.radiometry == bands  # scanned again, nothing said
    again = add_dataset(band_tiles, radiometry=offset)
    assert (again.info.radiometry, again.info.fingerprint) == (offset, first.info.fingerprint)
    assert [info.radiometry for info in list_datasets()] == [offset]


def test_another_radiometry_looks_at_each_file_again(band_tiles):
    add_dataset(band_tiles, radiometry=make_radiometry("sentinel2"))
    with pytest.raises(DataError, match=r"Its first file was refused: .* has 13 bands of uint16"):
        add_dataset(band_tiles, radiometry=RGB8)
    assert open_dataset("bands").info.radiometry.name == "sentinel2"  # as it was


def test_an_entry_from_before_radiometry_is_rgb8(three_classes, data_dir):
    add_dataset(three_classes)
    path = data_dir / "datasets" / "tiles" / "dataset.json"
    content = json.loads(path.read_text())
    del content["radiometry"]
    path.write_text(json.dumps(content))
    assert open_dataset("tiles").info.radiometry == RGB8


def test_an_upload_takes_its_radiometry_along(band_tiles, zipped):
    members = {str(path.relative_to(band_tiles)): path.read_bytes() for path in band_tiles.rglob("*.tif")}
    with zipped(members).open("rb") as stream:
        dataset = add_upload(stream, "b.zip", radiometry=make_radiometry("eurosat"))
    assert open_dataset(dataset.name).info.radiometry.name == "eurosat"
    shown = dataset.read_picture(0, 24)
    assert (shown.dtype, shown.shape) == ("uint8", (24, 24, 3))


def test_tiles_with_positions_are_known_by_them(band_tiles, three_classes):
    dataset = add_dataset(band_tiles, radiometry=make_radiometry("sentinel2"))
    manifest = open_dataset(dataset.name).manifest  # from disk
    assert manifest.has_positions
    assert not add_dataset(three_classes).manifest.has_positions
    assert np.all(np.diff(manifest.longitudes[:4]) > 0)  # each lies 240 m east of the one before
    assert manifest.footprints_m == pytest.approx(np.full(12, 240), rel=1e-3)
    assert manifest.latitudes.dtype == np.float64


def test_a_list_from_before_positions_gets_them_when_it_is_scanned_again(band_tiles, data_dir):
    first = add_dataset(band_tiles, radiometry=make_radiometry("sentinel2"))
    path = next((data_dir / "datasets" / "bands").rglob("manifest.json"))
    content = json.loads(path.read_text())
    for column in ("longitudes", "latitudes", "footprints_m"):
        del content[column]
    path.write_text(json.dumps(content))
    old = open_dataset("bands")
    assert (old.manifest.has_positions, old.manifest.fingerprint) == (False, first.info.fingerprint)
    assert add_dataset(band_tiles).manifest.has_positions


def test_a_data_set_in_which_one_tile_has_no_position_has_none_as_a_whole(band_tiles):
    (band_tiles / "Lake" / "extra.tif").write_bytes(geotiff(draw_bands(1, 99)))
    manifest = add_dataset(band_tiles, radiometry=make_radiometry("sentinel2")).manifest
    assert not manifest.has_positions
    assert np.isnan(manifest.longitudes).sum() == 1
