"""Which bands of a scene become channels, and what is said where its numbers are not those of training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from rsdash.config import RGB8, make_radiometry
from rsdash.errors import DataError
from rsdash.inference.scenes.bands import Bands, choose_bands, level_notes, value_notes
from tests.scenes import write_scene

EUROSAT = make_radiometry("eurosat")
OFFSET = make_radiometry("sentinel2-offset")


class Scenes:
    """Makes small scenes and opens them."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self._root, self._stack = root, stack

    def __call__(self, bands: int, dtype: str = "uint8", name: str = "scene.tif", **facts: Any) -> Any:
        path = write_scene(self._root / name, np.ones((8, 8, bands), dtype))
        with rasterio.open(path, "r+") as raster:
            tags = facts.pop("tags", {})
            raster.update_tags(**tags)
            for fact, value in facts.items():
                setattr(raster, fact, value)
        return self._stack.enter_context(rasterio.open(path))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scenes]:
    with ExitStack() as stack:
        yield Scenes(tmp_path, stack)


def test_colours_are_taken_by_what_the_file_calls_them(scene: Scenes) -> None:
    shuffled = (ColorInterp.blue, ColorInterp.undefined, ColorInterp.red, ColorInterp.green)
    assert choose_bands(scene(4, colorinterp=shuffled), RGB8, None).indexes == (3, 4, 1)


@pytest.mark.parametrize(
    ("bands", "indexes"), [(3, (1, 2, 3)), (5, (1, 2, 3)), (1, (1, 1, 1)), (2, (1, 1, 1))]
)
def test_without_that_the_first_three_or_grey(scene: Scenes, bands: int, indexes: tuple[int, ...]) -> None:
    grey = (ColorInterp.gray, *[ColorInterp.undefined] * (bands - 1))
    chosen = choose_bands(scene(bands, colorinterp=grey), RGB8, None)
    assert (chosen.indexes, chosen.eight_bits, chosen.radiometry) == (indexes, True, RGB8)


def test_numbers_that_nothing_says_how_to_read_are_refused(scene: Scenes) -> None:
    with pytest.raises(DataError, match=r"holds uint16 numbers.*radiometry"):
        choose_bands(scene(3, "uint16"), RGB8, None)
    table = scene(1, colorinterp=(ColorInterp.palette,), name="table.tif")
    with pytest.raises(DataError, match=r"table\.tif holds numbers of a colour table"):
        choose_bands(table, RGB8, None)


def test_bands_are_found_by_name_or_by_the_layout_of_their_number(scene: Scenes) -> None:
    named = scene(4, "uint16", descriptions=("B2", "B3", "B4", "B8"))
    assert choose_bands(named, EUROSAT, None) == Bands((3, 2, 1), EUROSAT, eight_bits=False)
    thirteen = scene(13, "uint16", name="all.tif")
    assert choose_bands(thirteen, RGB8, EUROSAT) == Bands((4, 3, 2), EUROSAT, eight_bits=True)
    with pytest.raises(DataError, match=r"scene\.tif does not fit the radiometry 'eurosat'"):
        choose_bands(scene(3, "uint16"), EUROSAT, None)
    with pytest.raises(DataError, match=r"gives 13 bands, but the model takes 3 \(red, green, blue\)"):
        choose_bands(thirteen, RGB8, make_radiometry("eurosat", "all"))


def test_numbers_become_what_training_images_held() -> None:
    numbers = np.array([[[0, 1375, 2750, 9000]]] * 3, np.uint16)  # (C, 1, 4)
    eight = Bands((1, 2, 3), EUROSAT, eight_bits=True).pixels(numbers, None)
    assert eight.dtype == np.uint8 and eight[0, :, 0].tolist() == [0, 128, 255, 255]
    missing = np.array([[False, True, False, False]])
    levels = Bands((1, 2, 3), EUROSAT, eight_bits=False).pixels(numbers, missing)
    assert levels.dtype == np.uint16 and levels[0, :, 0].tolist() == [0, 0, 65535, 65535]


@pytest.mark.parametrize(
    ("name", "tags", "noted"),
    [
        ("S2A_MSIL2A_20230601.tif", {}, True),
        ("scene.tif", {"PROCESSING_LEVEL": "Level-2A"}, True),
        ("S2A_MSIL1C_20230601.tif", {}, False),
        ("L2Ab3.tif", {}, False),
        ("scene.tif", {}, False),
    ],
)
def test_another_processing_level_is_noted(scene: Scenes, name: str, tags: dict, noted: bool) -> None:
    raster = scene(13, "uint16", name=name, tags=tags)
    notes = level_notes(raster, choose_bands(raster, EUROSAT, None))
    assert bool(notes) == noted and all("level 2A" in note for note in notes)


def test_the_scale_that_a_file_gives_itself_is_compared(scene: Scenes) -> None:
    """GDAL: value = DN * scale + offset; ours: (DN + offset) * scale."""
    raster = scene(13, "uint16", scales=(1e-4,) * 13, offsets=(-0.1,) * 13)
    assert level_notes(raster, Bands((4, 3, 2), OFFSET, eight_bits=False)) == []
    (note,) = level_notes(raster, Bands((4, 3, 2), make_radiometry("sentinel2"), eight_bits=False))
    assert "value = (DN -1000) * 0.0001" in note


def test_values_far_from_those_of_training_are_noted() -> None:
    pixels, seen = np.full((10, 10, 3), 100, np.uint8), np.ones((10, 10), bool)
    mean, std = np.full(3, 100 / 255), np.full(3, 0.1)
    assert value_notes(pixels, seen, mean, std) == []
    pixels[..., 1] = 100 + 77  # 3 standard deviations
    (note,) = value_notes(pixels, seen, mean, std)
    assert note.startswith("Band 2 of the scene is on average 3.0 standard deviations brighter")
    pixels[..., 1] = 100
    pixels[0, :6] = 255
    (note,) = value_notes(pixels, seen, mean, std)
    assert note.startswith("6% of the pixels are as bright as can be")
    seen[0] = False
    assert value_notes(pixels, seen, mean, std) == []
    assert value_notes(pixels, np.zeros((10, 10), bool), mean, std) == []
