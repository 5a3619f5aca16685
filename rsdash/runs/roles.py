"""Roles of images in a run's figures, and split.json, which says which image had which part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from rsdash.errors import RunError
from rsdash.files import write_text

PARTS = ("train", "validation", "test")


class Role(StrEnum):
    """What a figure on some images is worth."""

    GIVEN_TEST = "given test"
    """The data set's own test images; nothing was selected on them."""
    HELD_OUT = "held-out"
    """Held out by rsdash; nothing was selected on them."""
    VALIDATION = "validation"
    """Watched during training, but nothing was selected on them."""
    SELECTED_ON = "validation selected on"
    """The reported epoch was chosen on them, which flatters the figure."""


MERIT = (Role.GIVEN_TEST, Role.HELD_OUT, Role.VALIDATION, Role.SELECTED_ON)
"""Roles from the most to the least trustworthy; a run's headline figure has the first it offers."""


@dataclass(frozen=True)
class Parts:
    """Which images each part of a run's split holds.

    Attributes:
        rows: part → rows of the data set's manifest, int64 of shape (n,).
        names: part → file names relative to the data set, in the same order.
    """

    rows: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[str, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """Images per part."""
        return {part: len(self.rows[part]) for part in PARTS}

    def write(self, path: Path) -> None:
        """Write split.json.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        content = {
            part: {"rows": self.rows[part].tolist(), "names": list(self.names[part])} for part in PARTS
        }
        write_text(path, json.dumps(content))

    @classmethod
    def read(cls, path: Path) -> Parts:
        """Read split.json.

        Raises:
            RunError: it is missing or damaged.
        """
        try:
            content = json.loads(path.read_text())
            rows = {part: np.array(content[part]["rows"], dtype=np.int64) for part in PARTS}
            return cls(rows, {part: tuple(content[part]["names"]) for part in PARTS})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is missing or damaged.") from error


def measured_roles(counts: Mapping[str, int], *, report: str, test_role: str) -> dict[str, Role]:
    """Parts that are not trained on and have images: part → role of figures on them.

    Args:
        counts: images per part.
        report: `best` selects an epoch on validation; `last` selects nothing.
        test_role: role of the test part.
    """
    roles = {}
    if counts["test"]:
        roles["test"] = Role(test_role)
    if counts["validation"]:
        roles["validation"] = Role.SELECTED_ON if report == "best" else Role.VALIDATION
    return roles
