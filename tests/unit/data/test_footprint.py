"""How large tiles are on the ground: from their own georeference, what is published, or their look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rasterio import Affine

from rsdash.data import add_dataset
from rsdash.data.dataset import Dataset, DatasetInfo
from rsdash.data.footprint import tile_side_m
from rsdash.data.manifest import Manifest, column
from rsdash.jobs.submit import submit
from rsdash.training.result import ModelCard
from tests.scenes import LAND_CLASSES, write_scene
from tests.tiny import small_config
from tests.trained import Trained

Made = Callable[..., Dataset]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A data set of which only the list of files is there."""

    def make(
        sizes: list[tuple[int, int]],
        *,
        classes: tuple[str, ...] = ("Forest", "Lake"),
        name: str = "tiles",
        footprints_m: Any = (),
    ) -> Dataset:
        count = len(sizes)
        zeros, names = column([0] * count), tuple(f"{row}.png" for row in range(count))
        widths, heights = (column(side) for side in zip(*sizes, strict=True))
        manifest = Manifest(
            classes, names, zeros, zeros.copy(), zeros.copy(), names, widths, heights, (None,) * count,
            footprints_m=np.array(footprints_m, float),
        )  # fmt: skip
        info = DatasetInfo(name, "folder", "", "", manifest.fingerprint, dict.fromkeys(classes, 1), 0)
        folder = tmp_path / name
        manifest.save(folder / "versions" / manifest.fingerprint / "manifest.json")
        info.save(folder)
        return Dataset(folder)

    return make


def test_georeferenced_tiles_say_it_themselves(tmp_path: Path, data_place: Path) -> None:
    """32 px of 10 m in UTM 32 N on its central meridian, whose scale is 0.9996: 320.13 m on the ground."""
    for label, name in enumerate(("Forest", "Lake")):
        (tmp_path / "geo" / name).mkdir(parents=True)
        for number in range(3):
            place = Affine(10, 0, 500_000 - 160 + 320 * number, 0, -10, 5_300_000 + 320 * label)
            pixels = np.full((32, 32, 3), 40 * number + label, np.uint8)
            write_scene(tmp_path / "geo" / name / f"{number}.tif", pixels, transform=place)
    assert tile_side_m(add_dataset(tmp_path / "geo")) == pytest.approx(320 / 0.9996, rel=1e-4)


@pytest.mark.parametrize(
    ("footprints_m", "side_m"),
    [
        ([640, 645, 650, np.nan], 645),
        ([640] * 39 + [300], 640),
        ([640, 640, 640, 300], None),
        ([100, 200, 400, 800], None),
    ],
)
def test_tiles_that_differ_have_no_size_in_common(
    made: Made, footprints_m: list, side_m: float | None
) -> None:
    assert tile_side_m(made([(64, 64)] * len(footprints_m), footprints_m=footprints_m)) == side_m


def test_of_public_sets_it_is_published(made: Made) -> None:
    """UC Merced: 256 px of 0.3 m (Yang, Newsam 2010)."""
    assert tile_side_m(made([(256, 256)] * 40, name="ucmerced")) == pytest.approx(76.8)
    assert tile_side_m(made([(256, 256)] * 20 + [(200, 200)] * 20, name="ucmerced")) is None
    assert tile_side_m(made([(256, 256)] * 40, name="mine")) is None


def test_eurosat_is_known_by_its_classes_and_size(made: Made) -> None:
    """Helber et al. 2019: 64 px of 10 m."""
    assert tile_side_m(made([(64, 64)] * 5, classes=LAND_CLASSES)) == 640
    assert tile_side_m(made([(64, 64)] * 5, classes=LAND_CLASSES[:-1])) is None
    assert tile_side_m(made([(64, 64)] * 4 + [(32, 32)], classes=LAND_CLASSES)) is None


def test_other_tiles_do_not_say_it(trained: Trained) -> None:
    assert trained.predictor.card.data.tile_m is None


def test_it_goes_with_the_run_into_the_model(tmp_path: Path, data_place: Path, runs_dir: Path) -> None:
    for label, name in enumerate(LAND_CLASSES):
        (tmp_path / "land" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (64, 64), (label, number, 0)).save(tmp_path / "land" / name / f"{number}.png")
    add_dataset(tmp_path / "land")
    folder = submit(small_config(data="land"), runs_dir=runs_dir)
    data = folder.request().data
    assert data.tile_m == 640.0
    card = ModelCard(folder.id, folder.request().config, data, scale=_scale(), stored_px=64, parameters=1)
    assert ModelCard.from_metadata(card.to_metadata()).data.tile_m == 640.0


def _scale() -> Any:
    from rsdash.training.tiles import PixelScale  # imports torch

    return PixelScale((0.5,) * 3, (0.2,) * 3)
