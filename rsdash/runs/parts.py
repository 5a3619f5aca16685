"""split.json: which image of a data set had which part in a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
