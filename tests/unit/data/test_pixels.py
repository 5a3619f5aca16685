from __future__ import annotations

import io
import os
import shutil
import threading
import time
import zipfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsdash.config import make_radiometry
from rsdash.data import pixels as pixels_module
from rsdash.data.decoding import decode
from rsdash.data.images import decode_rgb
from rsdash.data.pixels import missing_bytes, open_pixels
from rsdash.data.store import add_dataset
from rsdash.errors import ConfigError, DataChangedError, StorageError

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


def test_bands_are_cached_in_16_bits_and_beside_other_radiometries(band_tiles, data_dir):
    every = make_radiometry("sentinel2", "all")
    dataset = add_dataset(band_tiles, radiometry=every)
    pixels = open_pixels(dataset, 8)
    assert (pixels.shape, pixels.dtype) == ((12, 8, 8, 13), np.uint16)
    assert np.array_equal(pixels[7], decode(dataset.read_image(7), "x", every, 8))
    assert missing_bytes(dataset.manifest, 8, every) == 0
    colour = make_radiometry("sentinel2")
    asked = missing_bytes(dataset.manifest, 8, colour)
    other = open_pixels(dataset, 8, radiometry=colour)
    assert np.array_equal(other, pixels[..., [3, 2, 1]])
    sizes = {path.stat().st_size for path in (data_dir / "cache").rglob("*.npy")}
    assert asked in sizes and len(sizes) == 2


def test_rgb8_caches_keep_the_name_they_had(dataset, data_dir):
    open_pixels(dataset, 8)
    assert [path.name for path in (data_dir / "cache").iterdir()] == [f"{dataset.info.fingerprint}-8px"]


def used(folder: Path, seconds_ago: float) -> None:
    moment = time.time() - seconds_ago
    os.utime(folder, (moment, moment))


def test_the_cache_that_was_not_used_for_the_longest_time_makes_room(dataset, data_dir, monkeypatch):
    caches = {side: data_dir / "cache" / f"{dataset.info.fingerprint}-{side}px" for side in (4, 5, 6, 7)}
    for age, side in enumerate((4, 5, 6)):
        open_pixels(dataset, side)
        used(caches[side], 100 - age)
    open_pixels(dataset, 4)  # built first, used last
    mapped = open_pixels(dataset, 5)
    before = np.array(mapped)
    used(caches[5], 200)
    limit = sum(30 * side * side * 3 + 128 for side in (4, 6, 7))
    monkeypatch.setenv("RSDASH_CACHE_GB", str(limit / 1e9 + 1e-9))
    open_pixels(dataset, 7)
    assert sorted((data_dir / "cache").iterdir()) == sorted(caches[side] for side in (4, 6, 7))
    assert np.array_equal(mapped, before)  # a run that reads it goes on reading
    monkeypatch.setenv("RSDASH_CACHE_GB", str(limit / 1e9 + 1e-9))
    open_pixels(dataset, 5)
    assert not caches[6].exists() and caches[4].exists()


def test_within_the_limit_nothing_goes(dataset, data_dir, monkeypatch):
    monkeypatch.setenv("RSDASH_CACHE_GB", "0.001")
    for side in (4, 5, 6):
        open_pixels(dataset, side)
    assert len(list((data_dir / "cache").iterdir())) == 3


def test_a_cache_that_goes_between_looking_and_opening_is_built_again(dataset, monkeypatch):
    open_pixels(dataset, 8)
    real, lost = pixels_module._open, []

    def lose_once(plan):
        if not lost:
            lost.append(plan.folder)
            shutil.rmtree(plan.folder)
        return real(plan)

    monkeypatch.setattr(pixels_module, "_open", lose_once)
    assert open_pixels(dataset, 8).shape == (30, 8, 8, 3)


@pytest.mark.parametrize("text", ["lots", "-1", "nan"])
def test_a_limit_that_is_no_number_is_refused(dataset, monkeypatch, text):
    monkeypatch.setenv("RSDASH_CACHE_GB", text)
    with pytest.raises(ConfigError, match=f"RSDASH_CACHE_GB={text} is no positive number of GB"):
        open_pixels(dataset, 8)
