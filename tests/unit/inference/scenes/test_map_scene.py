"""What a whole map says: of each window what the model says of it alone, at the right place on the Earth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from scipy.special import softmax

from rsdash.errors import DataError
from rsdash.home import maps_dir
from rsdash.inference.predictor import Predictor
from rsdash.inference.scenes.mapper import map_scene
from rsdash.inference.scenes.record import CLASSES, NO_CLASS, PROBABILITIES, MapRecord, MapRule, MapStep
from tests.scenes import LAND_CLASSES, TILE_PX, tiled, write_scene

Map = Callable[..., tuple[MapRecord, np.ndarray, np.ndarray]]
ALONE = MapRule(stride=1.0, blend=False)
FAR = 0.15
"""What seams between tiles may cost a small model; chance is right in 0.1."""


@pytest.fixture
def mapped(mapper: Predictor, data_place: Path) -> Map:
    """Map a scene: its record, labels (rows, columns) and probabilities (rows, columns, K)."""

    def call(scene: Path, rule: MapRule = ALONE) -> tuple[MapRecord, np.ndarray, np.ndarray]:
        *_, record = map_scene(mapper, scene, rule, run_name="small")
        assert isinstance(record, MapRecord)
        folder = maps_dir() / record.id
        with rasterio.open(folder / CLASSES) as raster:
            return record, raster.read(1), np.load(folder / PROBABILITIES)

    return call


def asked(mapper: Predictor, windows: list[np.ndarray]) -> np.ndarray:
    """What the model says of windows of 64 px by themselves, (n, K)."""
    return softmax(mapper.logits(windows)[0].astype(np.float64), axis=1)


def some_labels(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, len(LAND_CLASSES), (rows, columns))


def test_without_overlap_every_cell_says_what_the_model_says_of_its_tile(mapper, mapped: Map, tmp_path):
    pixels = tiled(some_labels(6, 13))  # more windows than a batch
    record, labels, probabilities = mapped(write_scene(tmp_path / "scene.tif", pixels))
    cut = [
        pixels[row : row + TILE_PX, column : column + TILE_PX]
        for row in range(0, pixels.shape[0], TILE_PX)
        for column in range(0, pixels.shape[1], TILE_PX)
    ]
    expected = asked(mapper, cut).reshape(6, 13, -1)
    assert record.rule.tile_m == 640 and record.window_px == (64, 64) == record.stride_px
    assert (record.grid, record.windows, record.skipped) == ((6, 13), 78, 0)
    assert (labels == expected.argmax(axis=-1)).all() and len(np.unique(labels)) > 3
    assert np.abs(probabilities - expected).max() < 1e-6
    assert record.cells == tuple(np.bincount(labels.ravel(), minlength=10).tolist())


def blended(mapper: Predictor, pixels: np.ndarray, stride: int) -> np.ndarray:
    """All windows, one average: Hann's sin² at the middle of each cell's part that lies in the scene."""
    height, width = pixels.shape[:2]
    starts = [sorted({*range(0, side - 63, stride), side - 64}) for side in (height, width)]
    answers = iter(asked(mapper, [pixels[y : y + 64, x : x + 64] for y in starts[0] for x in starts[1]]))
    middles = [
        np.array([(low + min(low + stride, side)) / 2 for low in range(0, side, stride)])
        for side in (height, width)
    ]
    sums = np.zeros((len(middles[0]), len(middles[1]), 10))
    weights = np.zeros(sums.shape[:2])
    for top in starts[0]:
        for left in starts[1]:
            down, across = (
                np.where((t > 0) & (t < 1), np.sin(np.pi * t) ** 2, 0)
                for t in ((middles[0] - top) / 64, (middles[1] - left) / 64)
            )
            weight = np.outer(down, across)
            weights += weight
            sums += weight[..., None] * next(answers)
    return sums / weights[..., None]


@pytest.mark.parametrize("cut_px", [0, 23])
def test_blended_it_is_the_average_of_all_windows(mapper, mapped: Map, tmp_path, cut_px: int) -> None:
    pixels = np.ascontiguousarray(tiled(some_labels(5, 6))[: 320 - cut_px, : 384 - 2 * cut_px])
    record, labels, probabilities = mapped(write_scene(tmp_path / "scene.tif", pixels), MapRule(stride=0.25))
    expected = blended(mapper, pixels, 16)
    assert labels.shape == expected.shape[:2] == record.grid
    assert np.abs(probabilities - expected).max() < 1e-4
    assert (labels == expected.argmax(axis=-1)).mean() >= 0.999


def test_inside_fields_it_is_right_as_often_as_on_tiles(mapper, mapped: Map, tmp_path) -> None:
    """Fields of 5 x 5 tiles of one class; windows lie across seams that no land has."""
    fields = np.arange(10).reshape(2, 5)
    truth = np.kron(fields, np.ones((5, 5), int))
    pixels = tiled(truth)
    scene = write_scene(tmp_path / "scene.tif", pixels)
    alone = (mapped(scene)[1] == truth).mean()
    blend = mapped(scene, MapRule(stride=0.25))[1].reshape(2, 20, 5, 20)[:, 4:16, :, 4:16]
    inside = (blend == fields[:, None, :, None]).mean()
    print(f"right: {alone:.3f} of 250 tiles, {inside:.3f} of {blend.size:,} cells inside fields")
    assert alone > 0.3 and inside > alone - FAR


def test_it_lies_where_the_scene_lies_and_names_its_classes(mapped: Map, tmp_path) -> None:
    scene = write_scene(tmp_path / "scene.tif", tiled(some_labels(3, 4)))
    record, _, _ = mapped(scene, MapRule(stride=0.25))
    folder = maps_dir() / record.id
    with rasterio.open(scene) as whole, rasterio.open(folder / CLASSES) as raster:
        assert raster.crs == whole.crs and raster.bounds == whole.bounds
        assert raster.transform[:6] == (160.0, 0.0, 500_000.0, 0.0, -160.0, 5_300_000.0)
        assert raster.nodata == NO_CLASS
    names = ElementTree.parse(folder / f"{CLASSES}.aux.xml").iter("Category")
    assert tuple(name.text for name in names) == LAND_CLASSES == record.classes
    # UTM's scale on the central meridian is 0.9996: the ground is 1 / 0.9996² larger than the grid
    assert sum(record.areas_m2) == pytest.approx(192 * 160**2 / 0.9996**2, rel=1e-4)


def test_windows_with_too_much_missing_are_skipped(mapper, mapped: Map, tmp_path) -> None:
    pixels = np.maximum(tiled(some_labels(3, 5)), 1)
    pixels[:, :144] = 0  # two tiles and a quarter
    pixels[:, 192 + 47 : 256] = 0  # more than a quarter
    scene = write_scene(tmp_path / "scene.tif", pixels, nodata=0)
    known = mapper.trust.familiarity
    assert known
    seen = [pixels[y : y + 64, x : x + 64] for y in (0, 64, 128) for x in (128, 256)]
    distances = known.distances(mapper.logits(seen)[0])
    record, labels, probabilities = mapped(scene)
    assert (record.skipped, record.windows) == (9, 6)
    assert (labels[:, [0, 1, 3]] == NO_CLASS).all() and (labels[:, [2, 4]] < 10).all()
    assert (np.isnan(probabilities).all(axis=-1) == (labels == NO_CLASS)).all()
    assert sum(record.cells) == 6 and record.unfamiliar == (distances > known.threshold).sum()
    everywhere, labels, _ = mapped(scene, ALONE.model_copy(update={"max_nodata": 1.0}))
    assert everywhere.skipped == 0 and (labels < 10).all()


def test_a_scene_without_any_data_gives_a_map_without_cells(mapped: Map, tmp_path) -> None:
    scene = write_scene(tmp_path / "scene.tif", np.zeros((128, 128, 3), np.uint8), nodata=0)
    record, labels, _ = mapped(scene, MapRule())
    assert (record.windows, record.skipped, sum(record.cells)) == (0, 9, 0)
    assert (labels == NO_CLASS).all()


@pytest.mark.parametrize("after_windows", [False, True])
def test_stopped_it_leaves_nothing(mapper, data_place, tmp_path, monkeypatch, after_windows: bool) -> None:
    monkeypatch.setattr("rsdash.inference.scenes.mapper.BATCH", 4)
    monkeypatch.setattr("rsdash.inference.telling.POLL_S", 0.001)
    scene = write_scene(tmp_path / "scene.tif", tiled(some_labels(9, 9)))
    steps = map_scene(mapper, scene, MapRule(stride=0.25), run_name="small")
    told = (step for step in steps if isinstance(step, MapStep))
    step = next(step for step in told if (step.words if after_windows else step.done))
    assert step.total == 33 * 33 and list(maps_dir().iterdir())
    steps.close()
    assert not list(maps_dir().iterdir())


def test_a_scene_that_is_cut_off_is_one_sentence_and_leaves_nothing(mapper, data_place, tmp_path) -> None:
    scene = write_scene(tmp_path / "scene.tif", tiled(some_labels(4, 4)))
    scene.write_bytes(scene.read_bytes()[: scene.stat().st_size * 6 // 10])
    with pytest.raises(DataError, match=r"scene\.tif is damaged around column 0, row 128\."):
        list(map_scene(mapper, scene, ALONE, run_name="small"))
    assert not list(maps_dir().iterdir())
