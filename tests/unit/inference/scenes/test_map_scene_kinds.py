"""Scenes of other pixels than the training images: 16 bits, smaller, not square, wide; and odd windows."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine
from scipy.special import softmax

from rsdash.config import RGB8, make_radiometry
from rsdash.data.decoding import resize
from rsdash.home import maps_dir
from rsdash.inference.predictor import Predictor
from rsdash.inference.scenes import reading
from rsdash.inference.scenes.bands import Bands
from rsdash.inference.scenes.layout import Layout, Side
from rsdash.inference.scenes.mapper import map_scene
from rsdash.inference.scenes.record import PICTURE, PROBABILITIES, MapRecord, MapRule
from tests.scenes import LEFT_M, TOP_M, tiled, write_scene

ALONE = MapRule(stride=1.0, blend=False)
MIXED = np.arange(20).reshape(4, 5) % 10
COLOURS = Bands((1, 2, 3), RGB8, eight_bits=True)


@pytest.fixture(autouse=True)
def place(data_place: Path) -> Path:
    return data_place


def mapped(mapper: Predictor, scene: Path, rule: MapRule = ALONE) -> tuple[MapRecord, np.ndarray]:
    """The record, and probabilities (rows, columns, K)."""
    *_, record = map_scene(mapper, scene, rule, run_name="small")
    assert isinstance(record, MapRecord)
    return record, np.load(maps_dir() / record.id / PROBABILITIES)


def asked(mapper: Predictor, window: np.ndarray) -> np.ndarray:
    """What the model says of one window of any size, (K,), squashed as its training images were."""
    return softmax(mapper.logits([resize(np.ascontiguousarray(window), 64)])[0][0].astype(np.float64))


def test_a_finer_scene_is_shrunk_to_what_the_model_knows(mapper: Predictor, tmp_path: Path) -> None:
    pixels = tiled(MIXED)
    finer = Affine(5, 0, LEFT_M, 0, -5, TOP_M)
    record, found = mapped(mapper, write_scene(tmp_path / "scene.tif", pixels, transform=finer))
    assert record.window_px == (128, 128) and record.grid == (2, 3)  # the last column of windows is moved in
    for row, column, left in ((0, 0, 0), (1, 1, 128), (1, 2, 192)):
        window = pixels[128 * row : 128 * row + 128, left : left + 128]
        small = np.asarray(Image.fromarray(window).resize((64, 64), Image.Resampling.BILINEAR))
        assert np.abs(found[row, column] - asked(mapper, small)).max() < 1e-6


def test_in_degrees_pixels_are_not_square_and_windows_are_on_the_ground(mapper, tmp_path: Path) -> None:
    """At 48 degrees north, 0.0001 degrees are 11.119 m of latitude and 7.463 m of longitude (WGS 84)."""
    pixels = tiled(MIXED)
    degrees = Affine(1e-4, 0, 9, 0, -1e-4, 48 + 1e-4 * pixels.shape[0] / 2)
    scene = write_scene(tmp_path / "scene.tif", pixels, transform=degrees, crs="EPSG:4326")
    record, found = mapped(mapper, scene)
    assert record.scene.pixel_m == pytest.approx((7.463, 11.119), abs=0.001)
    assert record.window_px == (86, 58) == (round(640 / 7.463), round(640 / 11.119))
    assert np.abs(found[1, 2] - asked(mapper, pixels[58:116, 172:258])).max() < 1e-6
    assert pixels.shape[1] % record.stride_px[0] and pixels.shape[0] % record.stride_px[1]
    assert sum(record.areas_m2) == pytest.approx(pixels.shape[0] * pixels.shape[1] * 7.463 * 11.119, rel=1e-3)


def test_a_wide_scene_is_read_in_stretches_to_the_same_end(mapper, tmp_path, monkeypatch) -> None:
    scene = write_scene(tmp_path / "scene.tif", tiled(MIXED)[:250, :301], nodata=0)
    whole, found = mapped(mapper, scene, MapRule(stride=0.25))
    read: list[float] = []
    true_read = reading._read

    def watched(raster: object, block: object, *rest: object, **named: object) -> object:
        read.append(block.width)  # pyright: ignore[reportAttributeAccessIssue]  # a window
        return true_read(raster, block, *rest, **named)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(reading, "_read", watched)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 100 * 64 * 3)
    again, stretched = mapped(mapper, scene, MapRule(stride=0.25))
    assert max(read) <= 100 and again.windows == whole.windows
    assert (found == stretched).all()


def test_a_window_with_just_as_much_missing_as_may_be_is_kept(tmp_path: Path) -> None:
    """A tenth of a window of 100 px, in scattered pixels: exactly 0.1, not a rounding error more."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        pixels = np.full((100, 100, 3), 9, np.uint8)
        pixels.reshape(-1, 3)[rng.permutation(10_000)[:1_000]] = 0
        scene = write_scene(tmp_path / f"{seed}.tif", pixels, nodata=0)
        layout = Layout(*(Side(100, 100, 100, blend=False) for _ in range(2)))
        for limit, skipped in ((0.1, 0), (0.0999, 1)):
            (batch,) = reading.read_windows(scene, layout, COLOURS, side_px=100, max_nodata=limit, batch=4)
            assert batch.skipped == skipped, (seed, limit)


@pytest.fixture
def geotiffs() -> Path:
    place = Path(os.environ.get("RSDASH_TEST_DATA") or "nowhere")
    if not (place / "geotiff").is_dir() or not (place / "eurosat_rgb.zip").is_file():
        pytest.skip("RSDASH_TEST_DATA does not name a folder with geotiff/ and eurosat_rgb.zip")
    return place


def views(pixels: np.ndarray) -> list[np.ndarray]:
    """A square in its 8 symmetries."""
    turned = [np.rot90(pixels, turn) for turn in range(4)]
    return turned + [np.flip(view, axis=1) for view in turned]


def test_sixteen_bits_read_as_eurosat_give_what_their_jpegs_give(mapper, geotiffs, tmp_path: Path) -> None:
    """EuroSAT's JPEG is clip(B04, B03, B02 / 2750 * 255) of the same tile; compression differs."""
    bands, twins = [], []
    with zipfile.ZipFile(geotiffs / "eurosat_rgb.zip") as archive:
        for name in ("AnnualCrop", "Forest"):
            with rasterio.open(geotiffs / "geotiff" / f"eurosat_ms_{name}_1.tif") as raster:
                bands += views(np.moveaxis(raster.read(), 0, -1))
            content = archive.read(f"EuroSAT_RGB/{name}/{name}_1.jpg")
            twins += views(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))
    scene = write_scene(tmp_path / "scene.tif", np.concatenate(bands, axis=1))
    rule = ALONE.model_copy(update={"radiometry": make_radiometry("eurosat")})
    record, found = mapped(mapper, scene, rule)
    expected = np.array([asked(mapper, twin) for twin in twins])
    assert record.rule.radiometry == make_radiometry("eurosat") and record.grid == (1, 16)
    same = found[0].argmax(axis=-1) == expected.argmax(axis=-1)
    print(f"{same.sum()} of 16 labels alike, probabilities differ by {np.abs(found[0] - expected).max():.3f}")
    assert same.sum() >= 14 and np.abs(found[0] - expected).max() < 0.15
    with Image.open(maps_dir() / record.id / PICTURE) as shown:
        assert shown.size == (1024, 64)
