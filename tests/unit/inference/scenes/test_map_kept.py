"""The maps that were made are listed, looked at, and removed; damaged ones disturb nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsdash.errors import DataError, DataNotFoundError
from rsdash.home import maps_dir
from rsdash.inference.scenes import kept
from rsdash.inference.scenes.kept import at_cell, drawn, find_map, kept_maps, place_of, remove_map
from rsdash.inference.scenes.record import CLASSES, NO_CLASS, PROBABILITIES, RECORD
from tests.maps import make_map, random_probabilities

OLD, NEW = "20260101-120000-0123abcd", "20260102-120000-00000000"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSDASH_DATA", str(tmp_path / "data"))
    return maps_dir()


def test_without_a_folder_there_are_none() -> None:
    assert kept_maps() == []


def test_maps_are_listed_newest_first_without_damaged_and_unfinished_ones(place: Path) -> None:
    records = {make_map(place, id=name).id for name in (OLD, NEW)}
    for name, text in (("20260103-120000-00000000", "{"), ("20260104-120000-00000000", '{"id": 3}')):
        (place / name).mkdir()
        (place / name / RECORD).write_text(text)
    (place / "20260105-120000-00000000").mkdir()  # it has no record
    (place / ".rsdash-building-1").mkdir()
    (place / "notes.txt").write_text("mine")
    assert [found.record.id for found in kept_maps()] == [NEW, OLD] == sorted(records, reverse=True)
    with pytest.raises(DataError, match=r"map\.json is damaged"):
        find_map("20260103-120000-00000000")


@pytest.mark.parametrize("name", ["", "..", "../secret", f"../maps/{OLD}", f"{OLD}/", f"{OLD}\n", "a\0b"])
def test_ids_that_lead_elsewhere_are_none(place: Path, name: str) -> None:
    make_map(place, id=OLD)
    for action in (find_map, remove_map):
        with pytest.raises(DataNotFoundError, match="There is no map"):
            action(name)
    assert (place / OLD).is_dir()


def test_a_map_that_another_session_removes_just_now_is_not_there(place, monkeypatch) -> None:
    make_map(place, id=OLD)
    (place / OLD / RECORD).unlink()
    monkeypatch.setattr(Path, "is_file", lambda path: True)  # it was there a moment ago
    assert kept_maps() == []
    with pytest.raises(DataNotFoundError):
        find_map(OLD)


def test_removed_it_is_gone_and_others_stay(place: Path) -> None:
    for name in (OLD, NEW):
        make_map(place, id=name)
    remove_map(OLD)
    assert [path.name for path in place.iterdir()] == [NEW]
    with pytest.raises(DataNotFoundError):
        remove_map(OLD)


@pytest.mark.parametrize(("most", "step"), [(1000, 1), (9, 1), (8, 2), (4, 3), (1, 9)])
def test_more_cells_than_a_page_shows_are_thinned(place, monkeypatch, most: int, step: int) -> None:
    make_map(place, (6, 9))
    monkeypatch.setattr(kept, "DRAWN_CELLS", most)
    drawing, shares = drawn(find_map(OLD)), random_probabilities((6, 9))
    expected = np.where(np.isnan(shares).any(axis=-1), NO_CLASS, shares.argmax(axis=-1))
    assert drawing.step == step and max(drawing.labels.shape) <= most
    assert (drawing.labels == expected[::step, ::step]).all() and drawing.labels[0, 0] == NO_CLASS


def test_at_a_cell_all_classes_are_told(place: Path) -> None:
    make_map(place, (6, 9))
    found, shares = find_map(OLD), random_probabilities((6, 9))
    assert np.array_equal(at_cell(found, 5, 8), shares[5, 8])  # pyright: ignore[reportArgumentType]  # there is data
    assert at_cell(found, 0, 0) is None
    for row, column in ((6, 0), (0, 9), (-1, 0), (0, -1)):
        with pytest.raises(DataError, match=f"6 x 9 cells; there is none at row {row}, column {column}"):
            at_cell(found, row, column)


def test_the_place_of_a_cell_is_its_middle_on_the_raster(place: Path) -> None:
    make_map(place, (6, 9))
    found = find_map(OLD)
    with rasterio.open(found.folder / CLASSES) as raster:
        assert place_of(found.record, 2, 3) == pytest.approx(raster.xy(2, 3))


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY\x01\x00", b"cut", "small"])
def test_damaged_files_of_a_map_are_one_sentence(place: Path, content: bytes | str | None) -> None:
    make_map(place, (6, 9))
    found = find_map(OLD)
    for name in (PROBABILITIES, CLASSES):
        if content is None:
            (found.folder / name).unlink()
        elif content == "small" and name == PROBABILITIES:
            np.save(found.folder / name, np.zeros((2, 2, 3), np.float32))
        else:
            (found.folder / name).write_bytes(content if isinstance(content, bytes) else b"II*\0")
    with pytest.raises(DataError, match=r"probabilities of the map of Zürich\.tif are damaged"):
        at_cell(found, 5, 8)
    with pytest.raises(DataError, match=r"map of Zürich\.tif is damaged"):
        drawn(found)
