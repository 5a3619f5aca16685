"""Corrections: a draft until two classes are there, then a data set; a tile is there once, with one class."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsdash.config import RGB8, make_radiometry
from rsdash.data.corrections import Corrections
from rsdash.data.drafts import drafts
from rsdash.data.loose import LooseImages
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.data.store import list_datasets, open_dataset
from rsdash.errors import DataError
from tests.unit.data.conftest import tile_bytes

CLASSES = ("Forest", "Lake", "Road")


@pytest.fixture
def corrections() -> Corrections:
    return Corrections("tiles", CLASSES, RGB8)


def dataset_names() -> list[str]:
    return [info.name for info in list_datasets()]


def stored(data_dir: Path) -> list[str]:
    """The tiles that lie anywhere in the data folder, with the folder of their class."""
    return sorted(path.parent.name for path in data_dir.rglob("*.png"))


def test_they_wait_as_a_draft_until_two_classes_make_a_data_set(corrections: Corrections) -> None:
    assert corrections.send([("a.png", tile_bytes(1))], "Lake") == 1
    assert not corrections.is_dataset and [draft.name for draft in drafts()] == ["corrections-tiles"]
    assert corrections.send([("b.png", tile_bytes(2))], "Road") == 1
    assert corrections.is_dataset and dataset_names() == ["corrections-tiles"] and not drafts()
    corrections.send([(f"{number}.png", tile_bytes(number)) for number in range(3, 12)], "Road")
    dataset = open_dataset("corrections-tiles")
    assert dataset.info.counts == corrections.counts() == {"Lake": 1, "Road": 10}
    assert dataset.info.origin == "tiles that models of tiles were corrected on"
    dataset.verify(dataset.info.fingerprint)


def test_the_same_tile_sent_again_is_replaced_not_doubled(corrections: Corrections, data_dir: Path) -> None:
    tile = tile_bytes(1)
    corrections.send([("a.png", tile), ("b.png", tile_bytes(2))], "Lake")
    assert corrections.send([("copy of a.png", tile)], "Lake") == 0
    assert stored(data_dir) == ["Lake", "Lake"]
    assert corrections.send([("a.png", tile)], "Road") == 1
    assert stored(data_dir) == ["Lake", "Road"] and corrections.class_of(tile) == "Road"
    assert corrections.send([("a.png", tile)], "Forest") == 1
    assert open_dataset(corrections.name).info.counts == {"Forest": 1, "Lake": 1}


def test_different_tiles_of_one_name_do_not_collide(corrections: Corrections) -> None:
    corrections.send([("x/a.png", tile_bytes(1)), ("y/a.png", tile_bytes(2))], "Lake")
    assert corrections.counts() == {"Lake": 2}


def test_taken_back_to_one_class_the_rest_waits_again(corrections: Corrections, data_dir: Path) -> None:
    tiles = [tile_bytes(number) for number in range(3)]
    corrections.send([("a.png", tiles[0]), ("b.png", tiles[1])], "Lake")
    corrections.send([("c.png", tiles[2])], "Road")
    assert corrections.take_back([tiles[2]]) == 1
    assert not dataset_names() and corrections.counts() == {"Lake": 2}
    assert corrections.take_back([tiles[2]]) == 0
    corrections.send([("c.png", tiles[2])], "Road")
    assert open_dataset(corrections.name).info.counts == {"Lake": 2, "Road": 1}
    assert corrections.take_back(tiles) == 3
    assert not dataset_names() and not drafts() and not stored(data_dir) and corrections.counts() == {}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_members_of_a_zip_and_files_of_a_folder_are_taken(
    corrections: Corrections, three_classes: Path, tmp_path: Path, packed: bool
) -> None:
    place = three_classes
    if packed:
        place = Path(shutil.make_archive(str(tmp_path / "set"), "zip", three_classes))
    images = LooseImages(place)
    for name, label in (("Forest/0.png", "Lake"), ("Road/0.png", "Road")):
        corrections.send([(name, images.read(name))], label)
    dataset = open_dataset(corrections.name)
    assert dataset.info.counts == {"Lake": 1, "Road": 1}
    assert dataset.read_image(0) == images.read("Forest/0.png")


@pytest.mark.parametrize(
    "name", ["../../evil.png", ".hidden", "a\0b.png", "x" * 300 + ".png", "é/ü ß.JPG", ""]
)
def test_names_cannot_lead_anywhere(corrections: Corrections, data_dir: Path, name: str) -> None:
    corrections.send([(name, tile_bytes(1))], "Lake")
    (path,) = [path for path in data_dir.rglob("*") if path.is_file()]
    assert path.parent == data_dir / "drafts" / "corrections-tiles" / "Lake"
    assert corrections.class_of(tile_bytes(1)) == "Lake"


def test_other_classes_or_bands_have_corrections_of_their_own(
    corrections: Corrections, band_tiles: Path
) -> None:
    corrections.send([("a.png", tile_bytes(1))], "Lake")
    corrections.send([("b.png", tile_bytes(2))], "Road")
    fewer = Corrections("tiles", ("Forest", "Lake"), RGB8)
    assert fewer.name != "corrections-tiles" and not fewer.counts()
    bands = Corrections("tiles", CLASSES, make_radiometry("sentinel2"))
    assert len({corrections.name, fewer.name, bands.name}) == 3
    for label in ("Forest", "Lake"):
        path = sorted((band_tiles / label).iterdir())[0]
        bands.send([(path.name, path.read_bytes())], label)
    dataset = open_dataset(bands.name)
    assert dataset.info.radiometry.name == "sentinel2" and dataset.info.refused == 0
    with pytest.raises(DataError, match="no class 'Road'; the model knows Forest, Lake"):
        fewer.send([("a.png", tile_bytes(1))], "Road")


def test_lists_of_files_that_nothing_was_made_of_do_not_pile_up(corrections: Corrections) -> None:
    corrections.send([("a.png", tile_bytes(1))], "Lake")
    corrections.send([(f"{number}.png", tile_bytes(number)) for number in range(2, 20)], "Road")
    corrections.send([(f"{number}.png", tile_bytes(number)) for number in range(20, 40)], "Lake")
    dataset = open_dataset(corrections.name)
    versions = dataset.folder / "versions"
    assert [path.name for path in versions.iterdir()] == [dataset.info.fingerprint]
    add_splits(dataset, SplitRequest())
    corrections.send([("z.png", tile_bytes(99))], "Lake")
    assert {path.name for path in versions.iterdir()} == {
        dataset.info.fingerprint,
        open_dataset(corrections.name).info.fingerprint,
    }
