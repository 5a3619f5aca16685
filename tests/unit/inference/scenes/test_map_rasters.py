from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from scipy.special import softmax

from rsdash.errors import DataError, StorageError
from rsdash.inference.scenes import rasters
from rsdash.inference.scenes.rasters import calibrated, write_rasters
from rsdash.palette import class_color

UTM = "EPSG:32632"
PLACE = (320.0, 0.0, 500_000.0, 0.0, -320.0, 5_300_000.0)


def made_up(rows: int, columns: int, classes: int = 3) -> np.ndarray:
    """Probabilities of a network that knows nothing, without data in the first corner."""
    logits = np.random.default_rng(0).normal(0, 2, (rows, columns, classes))
    probabilities = softmax(logits, axis=-1).astype(np.float32)
    probabilities[:2, :3] = np.nan
    return probabilities


def write(folder: Path, probabilities: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    return write_rasters(probabilities, folder, crs=UTM, transform=PLACE, temperature=temperature)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return raster.read(1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.7])
def test_one_window_is_as_sure_as_its_corrected_logits(temperature: float) -> None:
    logits = np.random.default_rng(1).normal(0, 4, (50, 10))
    scaled = calibrated(softmax(logits, axis=1), temperature)
    np.testing.assert_allclose(scaled, softmax(logits / temperature, axis=1), rtol=1e-9)


def test_a_class_of_no_probability_stays_so_and_no_data_stays_no_data() -> None:
    given = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [np.nan] * 3], np.float32)
    expected = [[1, 0, 0], [0.5, 0.5, 0], [np.nan] * 3]
    for temperature in (0.05, 1.0, 20.0):
        np.testing.assert_allclose(calibrated(given, temperature), expected, atol=1e-15)


def test_the_likeliest_class_and_its_corrected_probability_are_written(tmp_path: Path) -> None:
    probabilities = made_up(40, 30)
    write(tmp_path, probabilities, temperature=1.7)
    labels, confidence = read(tmp_path / "classes.tif"), read(tmp_path / "confidence.tif")
    missing = np.isnan(probabilities[..., 0])
    assert missing.sum() == 6
    assert (labels[missing] == 255).all() and np.isnan(confidence[missing]).all()
    assert (labels[~missing] == probabilities[~missing].argmax(axis=1)).all()
    expected = softmax(np.log(probabilities[~missing].astype(np.float64)) / 1.7, axis=1).max(axis=1)
    np.testing.assert_allclose(confidence[~missing], expected, rtol=1e-6)


def test_cells_are_counted_by_row_and_class(tmp_path: Path) -> None:
    counts = write(tmp_path, made_up(40, 30))
    labels = read(tmp_path / "classes.tif")
    assert counts.shape == (40, 3) and counts.sum() == 40 * 30 - 6
    assert all((counts[:, label] == (labels == label).sum(axis=1)).all() for label in range(3))


def test_both_are_cloud_optimized_and_lie_exactly_where_they_should(tmp_path: Path) -> None:
    write(tmp_path, made_up(1100, 700))
    for name, dtype, compressed in (
        ("classes.tif", "uint8", "DEFLATE"),
        ("confidence.tif", "float32", "DEFLATE"),
    ):
        with rasterio.open(tmp_path / name) as raster:
            structure = raster.tags(ns="IMAGE_STRUCTURE")
            assert structure["LAYOUT"] == "COG" and structure["COMPRESSION"] == compressed
            assert raster.dtypes == (dtype,) and raster.shape == (1100, 700)
            assert raster.block_shapes == [(512, 512)] and raster.overviews(1) == [2, 4]
            assert raster.transform[:6] == PLACE and raster.crs.to_epsg() == 32632


def test_no_data_and_colours_are_in_the_file(tmp_path: Path) -> None:
    write(tmp_path, made_up(20, 20, classes=12))
    with rasterio.open(tmp_path / "classes.tif") as raster:
        assert raster.nodata == 255 and raster.colorinterp == (ColorInterp.palette,)
        colors = raster.colormap(1)
    assert ["#" + bytes(colors[label][:3]).hex() for label in range(12)] == [
        class_color(k) for k in range(12)
    ]
    with rasterio.open(tmp_path / "confidence.tif") as raster:
        assert np.isnan(raster.nodata)


def test_overviews_show_the_commonest_class_and_the_mean_confidence(tmp_path: Path) -> None:
    probabilities = np.zeros((600, 600, 3), np.float32)
    probabilities[..., 2] = 1
    probabilities[::2, ::2] = (0.6, 0.3, 0.1)  # a quarter of the cells
    write(tmp_path, probabilities)
    with rasterio.open(tmp_path / "classes.tif", overview_level=0) as raster:
        assert raster.shape == (300, 300) and (raster.read(1) == 2).all()
    with rasterio.open(tmp_path / "confidence.tif", overview_level=0) as raster:
        np.testing.assert_allclose(raster.read(1), (0.6 + 3) / 4, rtol=1e-6)


def test_blocks_of_rows_give_the_same_as_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities = made_up(37, 23)
    whole = write(tmp_path, probabilities)
    expected = [read(tmp_path / name) for name in ("classes.tif", "confidence.tif")]
    monkeypatch.setattr(rasters, "BLOCK_BYTES", 8 * 23 * 3 * 5)
    stored = np.lib.format.open_memmap(tmp_path / "p.npy", "w+", np.float32, probabilities.shape)
    stored[:] = probabilities
    assert (write(tmp_path, stored) == whole).all()
    for name, values in zip(("classes.tif", "confidence.tif"), expected, strict=True):
        np.testing.assert_array_equal(read(tmp_path / name), values)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 700), (700, 1)])
def test_a_scene_of_hardly_a_window_is_mapped(tmp_path: Path, rows: int, columns: int) -> None:
    probabilities = np.full((rows, columns, 2), (0.25, 0.75), np.float32)
    assert write(tmp_path, probabilities).sum(axis=0).tolist() == [0, rows * columns]


def test_a_map_without_any_data_is_empty(tmp_path: Path) -> None:
    assert write(tmp_path, np.full((5, 5, 2), np.nan, np.float32)).sum() == 0
    assert (read(tmp_path / "classes.tif") == 255).all()


def test_255_classes_fit_and_256_do_not(tmp_path: Path) -> None:
    most = np.full((1, 255, 255), 1e-4, np.float32)
    most[0, range(255), range(255)] = 1
    write(tmp_path, most)
    assert read(tmp_path / "classes.tif").tolist() == [list(range(255))]
    with pytest.raises(DataError, match="255 classes at the most; this model tells 256 apart"):
        write(tmp_path, np.ones((2, 2, 256), np.float32))


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, made_up(600, 600))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.tif", "confidence.tif"]


def test_a_disk_that_is_too_small_is_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(StorageError, match="The map needs"):
        write(tmp_path, made_up(20, 20))
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_grow_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    code = f"""
import resource
from pathlib import Path
import numpy as np
from rsdash.errors import StorageError
from rsdash.inference.scenes.rasters import write_rasters
noise = np.random.default_rng(0).random((400, 400, 2), np.float32)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # confidence.tif takes 640,000 bytes
try:
    write_rasters(noise, Path({str(tmp_path)!r}), crs="EPSG:32632", transform={PLACE!r}, temperature=1)
except StorageError as error:
    print("refused:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert "refused:" in done.stdout and not list(tmp_path.iterdir())
