"""A split: rows of a manifest for each part, stored under a name that never means anything else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rsdash.errors import DataError, DataNotFoundError
from rsdash.files import write_text

TestRole = Literal["held-out", "given test"]

PARTS = ("train", "validation", "test")
_ROWS = (*PARTS, "test_groups")
NOT_CHECKED = {"duplicates": "not checked", "positions": "unknown"}
"""What is known about neighbours and near-duplicates on both sides of a split."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a manifest for each part, and how they were chosen.

    Attributes:
        name: what it is stored as.
        split_seed: decides which images are held out.
        validation_share: share of the images for validation; 0 in a given split.
        test_share: share of the images held out; 0 in a given split.
        limit_per_class: images of a class at most, or None.
        fingerprint: of the manifest that the rows point into.
        train: sorted rows, int64.
        validation: sorted rows, int64; may be empty.
        test: sorted rows, int64; may be empty.
        test_role: held out by rsdash, or given by the data set's folders or an official list.
        checked: what was checked about duplicates and positions.
        kept_together: images that share a group with another and so stand on the same side.
        left_out: reason → images in no part, such as those in the buffer between blocks.
        test_groups: number of the group of each test image, int64, where groups of several images
            were kept together; else empty, and the test images count as independent.
    """

    name: str
    split_seed: int
    validation_share: float
    test_share: float
    limit_per_class: int | None
    fingerprint: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    test_role: TestRole = "held-out"
    checked: dict[str, str] = field(default_factory=lambda: dict(NOT_CHECKED))
    kept_together: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    test_groups: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        for column in _ROWS:
            getattr(self, column).setflags(write=False)

    @property
    def sizes(self) -> dict[str, int]:
        """Images of each part."""
        return {part: len(getattr(self, part)) for part in PARTS}

    def counts(self, labels: np.ndarray, classes: int) -> dict[str, list[int]]:
        """Images of each class in each part.

        Args:
            labels: of the manifest, int64 (N,).
            classes: number of classes.
        """
        return {part: np.bincount(labels[getattr(self, part)], minlength=classes).tolist() for part in PARTS}

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {**self.__dict__, **{column: getattr(self, column).tolist() for column in _ROWS}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Split:
        """Read what `to_json` made, now or before it knew of groups."""
        rows = {column: np.asarray(content.get(column, ()), dtype=np.int64) for column in _ROWS}
        return cls(**{**content, **rows})


def save_split(split: Split, folder: Path) -> None:
    """Store a split under its name; storing the same images again changes nothing.

    Raises:
        DataError: another split of that name is stored.
        StorageError: the disk is full or the place cannot be written.
    """
    path = folder / f"{split.name}.json"
    if path.exists():
        if _images(load_split(split.name, folder)) != _images(split):
            raise DataError(
                f"There is already a split called {split.name!r} with other images; splits never change. "
                "Choose another name."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(split.to_json(), separators=(",", ":")))


def _images(split: Split) -> dict[str, Any]:
    """All but the words on what was checked, which name the day of an audit."""
    return {name: value for name, value in split.to_json().items() if name != "checked"}


def load_split(name: str, folder: Path) -> Split:
    """Read a stored split.

    Raises:
        DataNotFoundError: none of that name is stored.
        DataError: the file is damaged.
    """
    if name not in split_names(folder):
        known = ", ".join(split_names(folder)) or "none yet"
        raise DataNotFoundError(f"The data set has no split {name!r} for its present files. Stored: {known}.")
    path = folder / f"{name}.json"
    try:
        return Split.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"The split {path} is damaged ({error}). Remove the file to make it anew.") from error


def load_splits(folder: Path) -> list[Split]:
    """All stored splits by name; a damaged one is left out, and `load_split` says what is wrong with it."""
    found = []
    for name in split_names(folder):
        try:
            found.append(load_split(name, folder))
        except DataError:
            continue
    return found


def split_names(folder: Path) -> list[str]:
    """Names of the stored splits, sorted."""
    return sorted(path.stem for path in folder.glob("[!.]*.json"))
