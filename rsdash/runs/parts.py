"""split.json: which image of a data set had which part in a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.errors import RunError
from rsdash.files import write_text

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Parts:
    """Which images each part of a run's split holds.

    Attributes:
        rows: part → rows of the data set's manifest, int64 of shape (n,).
        names: part → file names relative to the data set, in the same order.
        test_groups: number of the group of each test image, int64 of shape (n,), where groups of several
            images were kept together; else empty, and the test images count as independent.
    """

    rows: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[str, ...]]
    test_groups: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def counts(self) -> dict[str, int]:
        """Images per part."""
        return {part: len(self.rows[part]) for part in PARTS}

    def groups_of(self, rows: np.ndarray) -> np.ndarray | None:
        """The group of each of these images, int64 of shape (m,); None where all are independent.

        Images outside the test part have no group known and count as one of their own each.

        Args:
            rows: of the data set's manifest, int64 of shape (m,).
        """
        if not len(self.test_groups):
            return None
        group_of = dict(zip(self.rows["test"].tolist(), self.test_groups.tolist(), strict=True))
        beyond = max(group_of.values()) + 1
        return np.array([group_of.get(row, beyond + row) for row in rows.tolist()], dtype=np.int64)

    def write(self, path: Path) -> None:
        """Write split.json.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        content: dict[str, Any] = {
            part: {"rows": self.rows[part].tolist(), "names": list(self.names[part])} for part in PARTS
        }
        content["test_groups"] = self.test_groups.tolist()
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
            names = {part: tuple(content[part]["names"]) for part in PARTS}
            groups = np.array(content.get("test_groups", ()), dtype=np.int64)
            if len(groups) not in (0, len(rows["test"])):
                raise ValueError("as many groups as test images are expected")
            return cls(rows, names, groups)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is missing or damaged.") from error
