"""What an audit found: unchangeable, stored as JSON beside the manifest that its rows point into."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rsdash.data.manifest import Refusal
from rsdash.errors import DataError
from rsdash.files import write_text

FORMAT = 1
"""To be raised with every change of what is stored or of a threshold, so that older audits are made anew."""

Rows = tuple[int, ...]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdenticalImages(_Record):
    """Images without any difference.

    Attributes:
        rows: two or more, sorted.
        same_bytes: the files are copies; otherwise only the decoded pixels are equal.
    """

    rows: Rows
    same_bytes: bool


class NearDuplicates(_Record):
    """Two images of one scene that differ by a symmetry, compression or a little brightness.

    Attributes:
        first: row.
        second: a larger row.
        symmetry: number of the symmetry that maps `second` onto `first`, see `SYMMETRY_NAMES`.
        difference: mean absolute difference of their pixels under that symmetry, grey levels of 255.
        correlation: of their grey values under that symmetry, Pearson's r.
    """

    first: int
    second: int
    symmetry: int = Field(ge=0, le=7)
    difference: float
    correlation: float


class Audit(_Record):
    """What is wrong with one version of a data set; rows are those of its manifest.

    Attributes:
        format: version of the stored form.
        fingerprint: of the manifest.
        image_count: N, rows of the manifest.
        made_at: ISO 8601, UTC.
        thresholds: the numbers that decided, by name.
        refused: files that could not be used, with the reason.
        identical: sets of images with equal bytes or equal pixels.
        near: pairs of near-duplicates, the most alike first; of a large group only enough to link it.
        groups: rows that show one image, joined over `identical` and `near`; each sorted, two or more.
        conflicts: those of `groups` whose images carry more than one label.
        too_uniform: rows of too little contrast to tell two images apart; compared by equal pixels only.
        blank: rows in which nearly all pixels have one grey level.
        size_outliers: rows of unusual size.
        mode_outliers: rows of an unusual kind of pixel, such as the few greyscale images of a colour set.
        modes: images of each kind of pixel.
        counts: images of each class.
    """

    format: int
    fingerprint: str
    image_count: int
    made_at: str
    thresholds: dict[str, float]
    refused: tuple[Refusal, ...]
    identical: tuple[IdenticalImages, ...]
    near: tuple[NearDuplicates, ...]
    groups: tuple[Rows, ...]
    conflicts: tuple[Rows, ...]
    too_uniform: Rows
    blank: Rows
    size_outliers: Rows
    mode_outliers: Rows
    modes: dict[str, int]
    counts: dict[str, int]

    def group_ids(self) -> np.ndarray:
        """A number per row, int64 (N,): the first row of its group, or the row itself where it has none."""
        ids = np.arange(self.image_count, dtype=np.int64)
        for rows in self.groups:
            ids[list(rows)] = rows[0]
        return ids

    def save(self, path: Path) -> None:
        """Write as JSON, atomically.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        write_text(path, self.model_dump_json())

    @classmethod
    def load(cls, path: Path) -> Audit:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            audit = cls.model_validate_json(path.read_bytes())
            audit._check_rows()
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise _damaged(path, f"{where}: {first['msg']}" if where else first["msg"]) from error
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        return audit

    def _check_rows(self) -> None:
        pairs = [row for pair in self.near for row in (pair.first, pair.second)]
        identical = [row for images in self.identical for row in images.rows]
        grouped = [row for rows in (*self.groups, *self.conflicts) for row in rows]
        listed = (*self.too_uniform, *self.blank, *self.size_outliers, *self.mode_outliers)
        rows = {*pairs, *identical, *grouped, *listed}
        if rows and not 0 <= min(rows) <= max(rows) < self.image_count:
            raise ValueError(f"it names row {max(rows)} of {self.image_count} images")


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"The audit {path} is missing or damaged ({why}). Audit the data set again.")
