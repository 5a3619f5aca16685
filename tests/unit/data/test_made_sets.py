"""Data sets that rsdash makes: tiles of a scene, and drafts that are complete."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from rsdash.data.drafts import UNLABELLED, Draft
from rsdash.data.made import add_draft, add_tiles
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.data.store import list_datasets, open_dataset
from rsdash.data.tiling import TileRule
from rsdash.errors import DataError
from tests.scenes import rectangle, write_geojson, write_scene


@pytest.fixture
def scene(tmp_path: Path, data_dir: Path) -> tuple[Path, Path]:
    """A scene of 320 x 320 px with fields of two classes, 80 px wide, like a chessboard."""
    pixels = np.random.default_rng(0).integers(1, 256, (320, 320, 3), dtype=np.uint8)
    fields = [
        ({"class": "corn" if (row + column) % 2 else "wood"}, rectangle(*(80 * edge for edge in edges)))
        for row in range(4)
        for column in range(4)
        for edges in [(column, row, column + 1, row + 1)]
    ]
    return (write_scene(tmp_path / "county.tif", pixels), write_geojson(tmp_path / "fields.geojson", fields))


def test_tiles_of_a_scene_are_a_data_set_that_can_be_split_by_blocks(scene):
    dataset = add_tiles(*scene, rule=TileRule(tile_m=160, min_share=0.9))
    assert dataset.info.counts == {"corn": 200, "wood": 200}
    assert (dataset.name, dataset.info.kind) == ("county-tiles", "tiles")
    assert dataset.info.origin == "160 m tiles of county.tif, labelled by fields.geojson"
    assert dataset.manifest.has_positions
    assert dataset.manifest.footprints_m == pytest.approx(160 / 0.9996, rel=1e-3)
    (split,) = add_splits(dataset, SplitRequest(block_m=640))
    assert split.sizes["test"] > 20 and split.left_out["between blocks"] > 0
    again = open_dataset("county-tiles")
    assert again.manifest.fingerprint == dataset.manifest.fingerprint


def test_a_cut_that_is_stopped_leaves_nothing(scene, data_dir):
    def stop(done: int, _total: int) -> None:
        if done == 100:
            raise DataError("stopped")

    with pytest.raises(DataError, match="stopped"):
        add_tiles(*scene, rule=TileRule(tile_m=160), on_progress=stop)
    assert list_datasets() == []
    assert list((data_dir / "datasets").iterdir()) == []


def test_a_complete_draft_becomes_a_data_set(data_dir, tile):
    draft = Draft("mine")
    for label in ("A", "B", UNLABELLED):
        for number in range(3):
            content = tile(number + 10 * len(label), size=(16, 16))
            draft.store(label, f"{number}.png", io.BytesIO(content), len(content))
    for waiting in draft.unlabelled():
        draft.label(waiting.name, "B" * 3)
    dataset = add_draft(draft)
    assert dataset.info.counts == {"A": 3, "B": 3, "BBB": 3}
    assert not draft.folder.exists()
    assert dataset.read_image(0)


def test_what_waits_for_a_label_or_comes_meanwhile_stays_in_the_draft(data_dir, tile):
    draft, late, larger = Draft("mine"), tile(99, size=(16, 16)), tile(98, size=(32, 32))
    for label in ("A", "B", UNLABELLED):
        for number in range(3):
            content = tile(number + 10 * len(label), size=(16, 16))
            draft.store(label, f"{number}.png", io.BytesIO(content), len(content))

    def drop_one_more(_done: int, _total: int) -> None:
        draft.store("A", "late.png", io.BytesIO(late), len(late))
        draft.store("B", "2.png", io.BytesIO(larger), len(larger))

    draft.add_class("never used")
    dataset = add_draft(draft, drop_one_more)
    assert dataset.info.counts == {"A": 3, "B": 3}
    assert draft.counts() == {"A": 1, "B": 1, "never used": 0, UNLABELLED: 3}
    assert (draft.folder / "B" / "2.png").read_bytes() == larger
    with pytest.raises(DataError, match="taken"):
        add_draft(draft)
    assert add_draft(draft, name="mine-2").info.counts == {"A": 1, "B": 1}
    assert draft.counts()[UNLABELLED] == 3


def test_a_draft_that_cannot_be_used_stays(data_dir, tile):
    draft = Draft("mine")
    content = tile(1, size=(16, 16))
    draft.store("A", "1.png", io.BytesIO(content), len(content))
    with pytest.raises(DataError, match="only one class"):
        add_draft(draft)
    assert draft.counts() == {"A": 1}
