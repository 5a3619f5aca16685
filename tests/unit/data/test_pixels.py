from __future__ import annotations

import io
import shutil
import threading
import zipfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from rsdash.data import pixels as pixels_module
from rsdash.data.images import decode_rgb
from rsdash.data.pixels import missing_bytes, open_pixels
from rsdash.data.store import add_dataset
from rsdash.errors import DataChangedError, StorageError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def dataset(three_classes):
    return add_dataset(three_classes)


def test_rows_are_the_images_in_the_order_of_the_manifest(dataset):
    pixels = open_pixels(dataset, 8)
    assert pixels.shape == (30, 8, 8, 3) and pixels.dtype == np.uint8
    for row in (0, 13, 29):
        expected = decode_rgb(dataset.read_image(row), "x", 8)
        assert np.array_equal(pixels[row], expected)


def test_images_are_never_enlarged_in_the_cache(dataset):
    assert open_pixels(dataset, 224).shape == (30, 12, 12, 3)  # the tiles are 12 x 10


def test_the_map_is_read_only_and_made_once(dataset, three_classes):
    first = open_pixels(dataset, 8)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0
    expected = np.array(first)
    shutil.rmtree(three_classes)
    assert np.array_equal(open_pixels(dataset, 8), expected)


def test_missing_bytes_are_those_on_disk(dataset, data_dir):
    asked = missing_bytes(dataset.manifest, 8)
    open_pixels(dataset, 8)
    assert [path.stat().st_size for path in (data_dir / "cache").rglob("*.npy")] == [asked]
    assert missing_bytes(dataset.manifest, 8) == 0
    assert missing_bytes(dataset.manifest, 10) > 0


def test_a_changed_file_stops_the_cache(dataset, three_classes, data_dir, tile):
    (three_classes / "Lake/4.png").write_bytes(tile(4444))
    with pytest.raises(DataChangedError, match=r"Lake/4\.png .* changed since it was scanned"):
        open_pixels(dataset, 8)
    assert list((data_dir / "cache").iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(dataset, data_dir, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(10**9, 10**9, 1000))
    with pytest.raises(StorageError, match=r"pixel cache needs .* MB .* but only 0\.0 MB are free"):
        open_pixels(dataset, 8)
    assert not (data_dir / "cache").exists()


def test_a_disk_that_fills_up_leaves_nothing_behind(dataset, data_dir, monkeypatch):
    monkeypatch.setattr(pixels_module, "PIXELS_FILE", "/dev/full")  # every write there fails with ENOSPC
    with pytest.raises(StorageError, match="is full"):
        open_pixels(dataset, 8)
    assert list((data_dir / "cache").iterdir()) == []


def test_two_builders_at_once_end_with_one_cache(dataset, data_dir):
    barrier = threading.Barrier(2, timeout=10)
    met = threading.local()

    def build(_number: int) -> np.ndarray:
        def wait_once(_done: int, _total: int) -> None:
            if not hasattr(met, "once"):
                met.once = True
                barrier.wait()  # neither has been renamed into place yet

        return open_pixels(dataset, 8, wait_once)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, range(2))
    assert np.array_equal(first, second)
    assert len(list((data_dir / "cache").iterdir())) == 1


def test_eurosat_tiles_arrive_unchanged(eurosat_zip, zipped):
    with zipfile.ZipFile(eurosat_zip) as archive:
        files = [name for name in archive.namelist() if name.endswith(".jpg")]
        wanted = [name for part in ("/River/", "/Forest/") for name in [n for n in files if part in n][:100]]
        members = {name: archive.read(name) for name in wanted}
    dataset = add_dataset(zipped(members, "some.zip"))
    pixels = open_pixels(dataset, 64)
    for row in (0, 150):
        reference = Image.open(io.BytesIO(members[f"EuroSAT_RGB/{dataset.manifest.names[row]}"]))
        assert np.array_equal(pixels[row], np.asarray(reference))
