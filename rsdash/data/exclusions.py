"""Files that a person has excluded from a data set: a list beside it; the files are never touched."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rsdash.errors import DataError
from rsdash.files import write_text

EXCLUSIONS_FILE = "excluded.json"

_DIGEST_BYTES = 4
_WRITING = threading.Lock()
"""Held from reading the list to replacing it, so that two pages of one server lose nothing."""


class Exclusion(BaseModel):
    """One excluded file.

    Attributes:
        name: as in the manifest.
        reason: why, in the person's or the page's words; may be empty.
        excluded_at: ISO 8601, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    reason: str = ""
    excluded_at: str


class Exclusions(BaseModel):
    """All excluded files of a data set, by name.

    Attributes:
        files: sorted by name, each name once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[Exclusion, ...] = ()

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the excluded files."""
        return frozenset(file.name for file in self.files)

    @property
    def digest(self) -> str:
        """Eight hex digits over the names, not the reasons and dates; empty where nothing is excluded."""
        if not self.files:
            return ""
        text = "\n".join(sorted(self.names))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()

    def rows(self, names: Sequence[str]) -> list[int]:
        """Which of the manifest's names are excluded: their rows, sorted."""
        return [row for row, name in enumerate(names) if name in self.names]


def load_exclusions(folder: Path) -> Exclusions:
    """The exclusions of the data set in a folder; none where no list is stored.

    Raises:
        DataError: the list is damaged.
    """
    path = folder / EXCLUSIONS_FILE
    try:
        return Exclusions.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Exclusions()
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise DataError(
            f"The list of excluded files {path} is damaged ({why}). Mend it, or remove it to exclude nothing."
        ) from error


def exclude(folder: Path, names: Iterable[str], reason: str = "") -> Exclusions:
    """Exclude files from later splits; one that is excluded already keeps its reason and date.

    Args:
        folder: of the data set.
        names: as in the manifest.
        reason: why, for the list.

    Raises:
        DataError: the stored list is damaged.
        StorageError: the disk is full or the place cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with _WRITING:
        present = load_exclusions(folder)
        added = (Exclusion(name=name, reason=reason, excluded_at=now) for name in {*names} - present.names)
        return _store(folder, [*present.files, *added])


def include(folder: Path, names: Iterable[str]) -> Exclusions:
    """Take files off the list; names that are not on it change nothing.

    Raises:
        DataError: the stored list is damaged.
        StorageError: the disk is full or the place cannot be written.
    """
    back = {*names}
    with _WRITING:
        present = load_exclusions(folder)
        return _store(folder, [file for file in present.files if file.name not in back])


def _store(folder: Path, files: Iterable[Exclusion]) -> Exclusions:
    exclusions = Exclusions(files=tuple(sorted(files, key=lambda file: file.name)))
    write_text(folder / EXCLUSIONS_FILE, exclusions.model_dump_json(indent=1))
    return exclusions
