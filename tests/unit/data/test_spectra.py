"""Mean spectra of classes, against sums done by hand with numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsdash.config import Radiometry, make_radiometry
from rsdash.data import add_dataset
from rsdash.data.exclusions import exclude
from rsdash.data.spectra import (
    SENTINEL2_NM,
    band_order,
    load_spectra,
    measure_spectra,
    sample_rows,
    spectra_path,
    value_unit,
)
from rsdash.errors import DataChangedError, DataError
from tests.bands import draw_bands, geotiff, make_band_tiles
from tests.tiny import CLASSES, draw_tile, make_tiles


def test_the_spectra_of_pictures_are_those_of_all_their_pixels(tmp_path):
    dataset = add_dataset(make_tiles(tmp_path / "tiles", per_class=5))
    spectra = measure_spectra(dataset)
    assert (spectra.bands, spectra.classes, spectra.images) == (("blue", "green", "red"), CLASSES, (5, 5, 5))
    assert spectra.unit == "share of full scale (1 is DN 255)"
    for label in range(3):
        pixels = np.stack([draw_tile(label, seed) for seed in range(5)]).reshape(-1, 3)[:, ::-1] / 255
        assert spectra.mean[label] == pytest.approx(pixels.mean(axis=0), rel=1e-12)
        assert spectra.spread[label] == pytest.approx(pixels.std(axis=0), rel=1e-9)


def test_the_spectra_of_bands_are_reflectance_by_wavelength(tmp_path):
    radiometry = make_radiometry("sentinel2-offset", "B12,B8A,B02,B08")
    dataset = add_dataset(make_band_tiles(tmp_path / "ms", per_class=4), radiometry=radiometry)
    spectra = measure_spectra(dataset)
    assert spectra.bands == ("B02", "B08", "B8A", "B12")
    assert spectra.wavelengths_nm == (490, 842, 865, 2190)
    assert spectra.unit == "reflectance"
    for label in range(3):
        numbers = np.stack([draw_bands(label, seed) for seed in range(4)]).astype(float)
        values = np.clip((numbers[:, [1, 7, 8, 12]] - 1000) / 10_000, 0, 1)  # places in the file's 13 bands
        seen = np.moveaxis(values, 1, -1).reshape(-1, 4)
        seen = seen[seen.any(axis=1)]
        assert spectra.mean[label] == pytest.approx(seen.mean(axis=0), abs=1e-5)
        assert spectra.spread[label] == pytest.approx(seen.std(axis=0), abs=1e-5)


def test_pixels_without_data_take_no_part(tmp_path):
    for name, level in (("dark", 2000), ("light", 6000)):
        (tmp_path / "ms" / name).mkdir(parents=True)
        bands = np.full((2, 8, 8), level, np.uint16)
        bands[:, :, :4] = 0  # the nodata value
        for number in range(2):
            (tmp_path / "ms" / name / f"{number}.tif").write_bytes(geotiff(bands, nodata=0))
    radiometry = Radiometry(name="own", bands=("B1", "B2"), scale=1e-4)
    spectra = measure_spectra(add_dataset(tmp_path / "ms", radiometry=radiometry))
    assert spectra.mean[0] == pytest.approx((0.2, 0.2), abs=1e-5)
    assert spectra.mean[1] == pytest.approx((0.6, 0.6), abs=1e-5)
    assert np.ptp(spectra.spread) == 0
    assert spectra.wavelengths_nm == (None, None)


def test_they_are_kept_and_measured_anew_when_bands_or_exclusions_change(tmp_path):
    root = make_band_tiles(tmp_path / "ms", per_class=4)
    dataset = add_dataset(root, radiometry=make_radiometry("sentinel2"))
    assert load_spectra(dataset) is None
    spectra = measure_spectra(dataset)
    assert load_spectra(dataset) == spectra
    assert spectra_path(dataset).parent == dataset.splits_folder.parent
    assert load_spectra(add_dataset(root, radiometry=make_radiometry("sentinel2", "B08"))) is None

    dataset = add_dataset(root, radiometry=make_radiometry("sentinel2"))
    assert load_spectra(dataset) == spectra
    exclude(dataset.folder, [name for name in dataset.manifest.names if name.startswith("Lake/")])
    assert load_spectra(dataset) is None
    without = measure_spectra(dataset)
    assert (without.classes, without.labels) == (("Forest", "Road"), (0, 2))
    assert without.mean == (spectra.mean[0], spectra.mean[2])
    exclude(dataset.folder, dataset.manifest.names)
    with pytest.raises(DataError, match="No image is left"):
        measure_spectra(dataset)


def test_a_damaged_result_is_measured_again(tmp_path):
    dataset = add_dataset(make_tiles(tmp_path / "tiles", per_class=2))
    spectra = measure_spectra(dataset)
    spectra_path(dataset).write_text('{"format": 1, "bands": ["red"')
    assert load_spectra(dataset) is None
    assert measure_spectra(dataset) == spectra


def test_the_sample_is_bounded_and_always_the_same(tmp_path):
    dataset = add_dataset(make_tiles(tmp_path / "tiles"))
    rows = sample_rows(dataset, 7)
    assert np.bincount(dataset.manifest.labels[rows]).tolist() == [7, 7, 7]
    assert len(set(rows.tolist())) == 21
    assert (rows == sample_rows(dataset, 7)).all()
    assert measure_spectra(dataset, per_class=7).images == (7, 7, 7)
    assert load_spectra(dataset) is None


def test_stopping_leaves_nothing_and_a_changed_file_is_named(tmp_path):
    dataset = add_dataset(make_tiles(tmp_path / "tiles"))

    def stop(done: int, total: int) -> None:
        assert 0 < done <= total == 60
        raise DataError("stopped")

    with pytest.raises(DataError, match="stopped"):
        measure_spectra(dataset, stop)
    assert load_spectra(dataset) is None
    path: Path = dataset.place / "Lake" / "03.png"
    path.write_bytes((dataset.place / "Lake" / "04.png").read_bytes())
    with pytest.raises(DataChangedError, match=r"Lake/03\.png is no longer"):
        measure_spectra(dataset)


def test_bands_of_unknown_wavelength_stay_in_their_order():
    assert band_order(("b8a", "B12", "B02")) == [2, 0, 1]
    assert band_order(("red", "Green", "blue")) == [2, 1, 0]
    assert band_order(("B12", "ndvi", "B02")) == [0, 1, 2]
    assert list(SENTINEL2_NM.values()) == sorted(SENTINEL2_NM.values())


def test_a_unit_says_what_1_stands_for():
    assert value_unit(make_radiometry("eurosat")) == "share of full scale (1 is DN 2,750)"
    assert value_unit(make_radiometry("sentinel2", "all")) == "reflectance"
    own = Radiometry(name="own", bands=("B1",), scale=1 / 4000, offset=-1000)
    assert value_unit(own) == "share of full scale (1 is DN 5,000)"


@pytest.mark.parametrize("name", ["AnnualCrop", "Forest"])
def test_a_real_tile_has_the_spectrum_that_rasterio_reads(name, eurosat_zip, tmp_path):
    place = tmp_path / "ms"
    for other in ("AnnualCrop", "Forest"):
        (place / other).mkdir(parents=True)
        content = (eurosat_zip.parent / "geotiff" / f"eurosat_ms_{other}_1.tif").read_bytes()
        for copy in range(2):
            (place / other / f"{copy}.tif").write_bytes(content)
    spectra = measure_spectra(add_dataset(place, radiometry=make_radiometry("eurosat", "B08,B04")))
    with rasterio.open(place / name / "0.tif") as raster:
        numbers = np.clip(raster.read([4, 8]) / 2750, 0, 1)
    label = spectra.classes.index(name)
    assert spectra.mean[label] == pytest.approx(numbers.mean(axis=(1, 2)), abs=1e-5)
