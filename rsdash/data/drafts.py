"""Data sets in the making: images are dropped, labelled by click, and become a data set when complete.

<data folder>/drafts/<name>/<class>/<file>; files without a label wait in the folder `unlabelled`. What is
stored stays: a second try of the same files is skipped, and a restart of the server loses nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from rsdash import home
from rsdash.data.disk import require_space
from rsdash.errors import DataError, storage_errors
from rsdash.files import write_atomic

UNLABELLED = "unlabelled"
MAX_NAME = 64
_CHUNK_BYTES = 2**20
_CLASS = re.compile(r"[^\W_][\w .()&-]{0,63}")


class Draft:
    """One data set in the making."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        """Open a draft, new or old.

        Args:
            name: of the data set to be.
            folder: where its classes stand; None for a folder among the drafts.

        Raises:
            DataError: the name cannot be one.
        """
        if not re.fullmatch(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME - 1}}}", name):
            raise DataError(f"{name!r} cannot name a data set; use small letters, digits, - and _.")
        self.name = name
        self.folder = folder or _root() / name

    def counts(self) -> dict[str, int]:
        """Images of each class, sorted by name; those without a label last, where there are any."""
        found = {place.name: len(_files(place)) for place in sorted(self.folder.glob("[!.]*"))}
        unlabelled = found.pop(UNLABELLED, 0)
        return {**found, UNLABELLED: unlabelled} if unlabelled else found

    def add_class(self, label: str) -> None:
        """Make room for a class.

        Raises:
            DataError: the name cannot be a folder's.
            StorageError: the place cannot be written.
        """
        with storage_errors(self.folder):
            (self.folder / _checked_class(label)).mkdir(parents=True, exist_ok=True)

    def store(self, label: str, filename: str, stream: BinaryIO, size_bytes: int) -> bool:
        """Keep one file; whole, or not at all.

        Args:
            label: its class, or `UNLABELLED`.
            filename: what it is called; folders in it are dropped.
            stream: its content.
            size_bytes: its size; a stored file of that name and size is not written again.

        Returns:
            Whether it was written.

        Raises:
            DataError: the label or the file name cannot be used.
            StorageError: the disk is full.
        """
        path = self.folder / _checked_class(label) / _checked_file(filename)
        if path.is_file() and path.stat().st_size == size_bytes:
            return False
        require_space(path.parent, size_bytes, f"The file {filename}")
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, lambda file: shutil.copyfileobj(stream, file, _CHUNK_BYTES))
        return True

    def unlabelled(self) -> list[Path]:
        """Files that wait for a label, by name."""
        return _files(self.folder / UNLABELLED)

    def labelled(self) -> dict[Path, int]:
        """The files of its classes, each with its time of change in ns."""
        folders = [place for place in sorted(self.folder.glob("[!.]*")) if place.name != UNLABELLED]
        return {path: path.stat().st_mtime_ns for folder in folders for path in _files(folder)}

    def label(self, filename: str, label: str) -> None:
        """Move a waiting file to its class.

        Raises:
            DataError: no such file waits, or the class has one of that name.
        """
        waiting = self.folder / UNLABELLED / _checked_file(filename)
        target = self.folder / _checked_class(label) / waiting.name
        if not waiting.is_file():
            raise DataError(f"{filename} does not wait for a label.")
        if target.exists():
            raise DataError(f"The class {label!r} already has a file {filename}; rename one of them.")
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            waiting.rename(target)

    def remove(self, filename: str) -> None:
        """Delete a waiting file; one that is gone already is no matter."""
        (self.folder / UNLABELLED / _checked_file(filename)).unlink(missing_ok=True)

    def unlabel(self, filename: str, label: str) -> None:
        """Undo `label`: let the file wait again."""
        source = self.folder / _checked_class(label) / _checked_file(filename)
        with storage_errors(source):
            (self.folder / UNLABELLED).mkdir(exist_ok=True)
            source.rename(self.folder / UNLABELLED / source.name)

    def release(self, taken: Mapping[Path, int]) -> None:
        """Delete files that went elsewhere, and the draft with them where nothing else is in it.

        Args:
            taken: what `labelled` gave; a file that changed since stays.
        """
        for path, _ in taken.items() & self.labelled().items():
            path.unlink(missing_ok=True)
        if not any(self.counts().values()):
            self.discard()

    def discard(self) -> None:
        """Delete the draft and its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def drafts() -> list[Draft]:
    """All data sets in the making, by name."""
    return [Draft(place.name) for place in sorted(_root().glob("[!.]*")) if place.is_dir()]


def label_in_path(path: str) -> str:
    """Class that the path of a dropped folder's file states: the folder it stands in."""
    parent = PurePosixPath(path.replace("\\", "/")).parent.name
    return parent or UNLABELLED


def _root() -> Path:
    return home.data_dir() / "drafts"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[!.]*") if path.is_file())


def _checked_class(label: str) -> str:
    if not _CLASS.fullmatch(label.strip()):
        raise DataError(f"{label!r} cannot name a class; use letters, digits, spaces and - _ . ( ) &.")
    return label.strip()


def _checked_file(filename: str) -> str:
    name = PurePosixPath(filename.replace("\\", "/")).name
    if not name or name.startswith(".") or "\0" in name or len(name.encode()) > 200:
        raise DataError(f"{filename!r} cannot be a file's name.")
    return name
