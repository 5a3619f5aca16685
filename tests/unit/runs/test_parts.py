"""split.json: parts, and groups of test images that are not independent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rsdash.errors import RunError
from rsdash.runs.parts import Parts


def parts(groups: list[int]) -> Parts:
    rows = {
        "train": np.array([0, 1]),
        "validation": np.array([], dtype=np.int64),
        "test": np.array([4, 2, 3]),
    }
    names = {part: tuple(f"{row}.png" for row in index) for part, index in rows.items()}
    return Parts(rows, names, np.array(groups, dtype=np.int64))


def test_groups_are_kept_and_found_by_row(tmp_path: Path) -> None:
    parts([7, 7, 9]).write(tmp_path / "split.json")
    groups = Parts.read(tmp_path / "split.json").groups_of(np.array([2, 3, 4]))
    assert groups is not None and groups.tolist() == [7, 9, 7]


def test_images_of_another_part_are_groups_of_their_own() -> None:
    groups = parts([7, 7, 9]).groups_of(np.array([0, 1, 2]))
    assert groups is not None and len(set(groups.tolist())) == 3


def test_without_groups_all_images_are_independent(tmp_path: Path) -> None:
    parts([]).write(tmp_path / "split.json")
    assert Parts.read(tmp_path / "split.json").groups_of(np.array([2])) is None


def test_a_split_from_before_groups_were_recorded_is_read(tmp_path: Path) -> None:
    parts([]).write(tmp_path / "split.json")
    content = json.loads((tmp_path / "split.json").read_text())
    del content["test_groups"]
    (tmp_path / "split.json").write_text(json.dumps(content))
    assert Parts.read(tmp_path / "split.json").groups_of(np.array([2])) is None


def test_a_wrong_number_of_groups_is_damage(tmp_path: Path) -> None:
    parts([1, 2]).write(tmp_path / "split.json")
    with pytest.raises(RunError, match="damaged"):
        Parts.read(tmp_path / "split.json")
