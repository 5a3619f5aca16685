"""evaluation.npz reads back as it was written; damaged files are named as such."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsdash.errors import RunError
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.roles import Role
from rsdash.evaluation.saved import Evaluation, read_evaluation

CLASSES = ("Forest", "Lake", "River", "Road")


def evaluation(count: int, groups: np.ndarray | None = None) -> Evaluation:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(count, 4)).astype(np.float32)
    roles = np.where(np.arange(count) % 3, "held-out", "validation")
    return Evaluation(logits, rng.integers(4, size=count), np.arange(count), roles, CLASSES, groups)


def test_a_part_keeps_the_rows_and_groups_of_its_images() -> None:
    part = evaluation(20, groups=np.arange(20) // 4).part("validation")
    assert part.rows.tolist() == [0, 3, 6, 9, 12, 15, 18]
    assert part.groups is not None and part.groups.tolist() == [0, 0, 1, 2, 3, 3, 4]
    assert evaluation(20).part("validation").groups is None


def test_groups_are_read_where_they_were_saved(tmp_path: Path) -> None:
    read = read_evaluation(save(tmp_path / "evaluation.npz", groups=np.arange(20) // 4))
    assert read.groups is not None and read.groups.tolist() == (np.arange(20) // 4).tolist()
    assert read_evaluation(save(tmp_path / "evaluation.npz")).groups is None


def save(path: Path, **changes: Any) -> Path:
    part = evaluation(20)
    arrays = {**vars(part), "classes": np.array(CLASSES), **changes}
    np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save(tmp_path / "evaluation.npz")


def test_a_saved_evaluation_reads_back(saved: Path) -> None:
    read = read_evaluation(saved)
    assert (read.logits == evaluation(20).logits).all()
    assert read.classes == CLASSES


def test_roles_are_read_by_their_names_of_today(tmp_path: Path) -> None:
    roles = np.where(np.arange(20) % 2, "held-out", "validation selected on")
    read = read_evaluation(save(tmp_path / "evaluation.npz", roles=roles))
    assert read.part(Role.SELECTED_ON).rows.tolist() == list(range(0, 20, 2))
    assert read.headline_role == "held-out"


def test_a_missing_evaluation_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no evaluation yet"):
        read_evaluation(tmp_path / "evaluation.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"logits": None},
        {"classes": np.array(CLASSES[:3])},
        {"classes": np.array("Forest")},
        {"labels": np.full(20, 4)},
        {"labels": np.full(20, -1)},
        {"labels": np.full(20, 0.5)},
        {"labels": np.zeros(19, dtype=int)},
        {"rows": np.zeros(3, dtype=int)},
        {"roles": np.full(20, "training")},
        {"logits": np.zeros((20, 4, 1))},
        {"labels": np.array([None] * 20)},
        {"groups": np.zeros(19, dtype=int)},
        {"groups": np.full(20, 0.5)},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_damage(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="is damaged"):
        read_evaluation(save(tmp_path / "evaluation.npz", **changes))


def test_an_array_that_claims_terabytes_is_damage(saved: Path) -> None:
    header = io.BytesIO()
    claim = {"shape": (2**40, 4), "fortran_order": False, "descr": "<f4"}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["logits.npy"] = header.getvalue() + bytes(64)
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(RunError, match="is damaged"):
        read_evaluation(saved)


def test_a_truncated_file_is_damage(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(0, len(content), 97):
        saved.write_bytes(content[:size])
        with pytest.raises(RunError, match="is damaged"):
            read_evaluation(saved)


def test_a_flipped_byte_is_damage_or_harmless(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    refused = 0
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 0x55
        saved.write_bytes(changed)
        try:
            figures_for(read_evaluation(saved))
        except RunError:
            refused += 1
    assert refused > len(content) / 7 / 2
