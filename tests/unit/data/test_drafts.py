"""Data sets in the making: what is stored stays, names cannot escape, labels move files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from rsdash.data.drafts import UNLABELLED, Draft, drafts, label_in_path
from rsdash.errors import DataError


def put(draft: Draft, label: str, name: str, content: bytes = b"pixels") -> bool:
    return draft.store(label, name, io.BytesIO(content), len(content))


def test_files_stored_already_are_skipped_on_a_second_try(data_dir: Path):
    draft = Draft("mine")
    assert put(draft, "Forest", "1.png") and put(draft, "River", "1.png")
    again = Draft("mine")
    assert not put(again, "Forest", "1.png")
    assert put(again, "Forest", "1.png", b"other pixels")
    assert (data_dir / "drafts/mine/Forest/1.png").read_bytes() == b"other pixels"
    assert again.counts() == {"Forest": 1, "River": 1}
    assert [known.name for known in drafts()] == ["mine"]


def test_a_label_moves_the_file_and_can_be_taken_back(data_dir: Path):
    draft = Draft("mine")
    put(draft, UNLABELLED, "a.png")
    put(draft, UNLABELLED, "b.png")
    draft.add_class("Sea lake")
    draft.label("a.png", "Sea lake")
    assert draft.counts() == {"Sea lake": 1, UNLABELLED: 1}
    assert [path.name for path in draft.unlabelled()] == ["b.png"]
    with pytest.raises(DataError, match=r"a\.png does not wait"):
        draft.label("a.png", "Sea lake")
    draft.unlabel("a.png", "Sea lake")
    assert draft.counts() == {"Sea lake": 0, UNLABELLED: 2}


def test_a_label_never_replaces_another_file(data_dir: Path):
    draft = Draft("mine")
    put(draft, "River", "a.png", b"first")
    put(draft, UNLABELLED, "a.png", b"second")
    with pytest.raises(DataError, match="already has a file"):
        draft.label("a.png", "River")
    assert (draft.folder / "River/a.png").read_bytes() == b"first"
    assert len(draft.unlabelled()) == 1


@pytest.mark.parametrize("label", ["..", ".", "a/b", "a\\b", "", " ", ".hidden", "x\0y", "a" * 65])
def test_a_class_name_cannot_escape(data_dir: Path, label):
    with pytest.raises(DataError, match="cannot name a class"):
        put(Draft("mine"), label, "1.png")
    assert not (data_dir / "drafts").exists() or not list((data_dir / "drafts").rglob("*.png"))


@pytest.mark.parametrize("name", ["..", "", ".png", "a\0b", "x" * 201])
def test_a_file_name_cannot_escape(data_dir: Path, name):
    with pytest.raises(DataError, match="cannot be a file's name"):
        put(Draft("mine"), "A", name)


def test_folders_in_a_file_name_are_dropped(data_dir: Path):
    put(Draft("mine"), "A", "../../evil/1.png")
    assert [path.relative_to(data_dir).as_posix() for path in data_dir.rglob("*.png")] == [
        "drafts/mine/A/1.png"
    ]


@pytest.mark.parametrize("name", ["", "../up", "Mine", "a b", "-x"])
def test_a_draft_needs_a_plain_name(data_dir: Path, name):
    with pytest.raises(DataError, match="cannot name a data set"):
        Draft(name)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("set/Forest/1.png", "Forest"),
        ("Forest/1.png", "Forest"),
        ("1.png", UNLABELLED),
        ("a\\River\\2.png", "River"),
    ],
)
def test_the_folder_of_a_dropped_file_is_its_class(path, label):
    assert label_in_path(path) == label
