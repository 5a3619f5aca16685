"""Where the files of a data set come from: a folder, or a zip that is read in place."""

from __future__ import annotations

import os
import threading
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from rsdash.data.disk import megabytes
from rsdash.data.tops import common_top, strip, written_name
from rsdash.errors import DataChangedError, DataError, DataNotFoundError, ImageError

MAX_MEMBERS = 2_000_000
MAX_TOTAL_BYTES = 200 * 10**9
MAX_RATIO = 200
"""Unpacked to packed size, beyond the first 100 MB."""
RATIO_FREE_BYTES = 100 * 10**6
IGNORED_NAMES = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})

_ENCRYPTED_FLAG = 0x1


class Source(Protocol):
    """Files by name. Names are relative posix paths below the folder that holds the classes."""

    place: Path

    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted, without dot files and what operating systems leave behind."""
        ...

    def folders(self) -> frozenset[str]:
        """Names of all folders, empty ones too."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one file. Safe to call from several threads."""
        ...

    def stat(self, name: str) -> tuple[int, int]:
        """Size in bytes, and a stamp that changes with the content: mtime in ns, or the CRC in a zip."""
        ...

    def full_name(self, name: str) -> str:
        """The name with all folders above it, those that hold the classes too."""
        ...


def open_source(place: Path) -> Source:
    """The source for a folder or a zip.

    Raises:
        DataNotFoundError: nothing is there.
        DataError: the file is not a zip, or an unsafe one.
    """
    if place.is_dir():
        return FolderSource(place)
    if place.is_file():
        return ZipSource(place)
    raise DataNotFoundError(f"There is no folder or zip at {place}. Check the path.")


class FolderSource:
    """A folder on this machine. Links that lead outside, and links to folders, are not followed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._root = place.resolve()
        files, folders = _walk(place)
        self._prefix = common_top(files, folders)
        self._names = strip(files, self._prefix)
        self._folders = frozenset(strip(folders, self._prefix))

    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return tuple(sorted(self._names))

    def folders(self) -> frozenset[str]:
        """Names of all folders, empty ones too."""
        return self._folders

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            ImageError: the name is a link that leads out of the folder, or the file is unreadable.
            DataChangedError: the file is gone.
        """
        path = self._path(name)
        if not path.resolve().is_relative_to(self._root):
            raise ImageError(f"{name} is a link that leads outside its folder; links are not followed.")
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise DataChangedError(f"{name} is no longer in {self.place}.") from error
        except OSError as error:
            raise ImageError(f"{name} cannot be read ({error.strerror}).") from error

    def stat(self, name: str) -> tuple[int, int]:
        """Size in bytes and mtime in ns.

        Raises:
            DataChangedError: the file is gone.
        """
        try:
            status = self._path(name).lstat()
        except OSError as error:
            raise DataChangedError(f"{name} is no longer in {self.place}.") from error
        return status.st_size, status.st_mtime_ns

    def full_name(self, name: str) -> str:
        """The name below the folder that was given."""
        return self._names.get(name, name)

    def _path(self, name: str) -> Path:
        return self.place / self.full_name(name)


class ZipSource:
    """A zip, read in place and never extracted."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._lock = threading.Lock()
        try:
            self._zip = zipfile.ZipFile(place)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise DataError(f"{place.name} is not a zip, or a damaged one ({error}).") from error
        except OSError as error:
            raise DataError(f"{place} cannot be read ({error.strerror}).") from error
        try:
            members = safe_members(self._zip, place)
        except DataError:
            self._zip.close()
            raise
        files = [name for name, info in members.items() if not info.is_dir()]
        folders = {name for name, info in members.items() if info.is_dir()}
        folders |= {str(parent) for name in members for parent in PurePosixPath(name).parents} - {"."}
        prefix = common_top(files, folders)
        self._members = {short: members[full] for short, full in strip(files, prefix).items()}
        self._folders = frozenset(strip(folders, prefix))

    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return tuple(sorted(self._members))

    def folders(self) -> frozenset[str]:
        """Names of all folders, empty ones too."""
        return self._folders

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            ImageError: the member is damaged.
        """
        try:
            with self._lock:  # ZipFile counts its open members without one
                member = self._zip.open(self._member(name))
            try:
                return member.read()
            finally:
                with self._lock:
                    member.close()
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise ImageError(f"{name} is damaged in {self.place.name} ({error}).") from error

    def stat(self, name: str) -> tuple[int, int]:
        """Size in bytes and CRC-32, as the zip declares them."""
        member = self._member(name)
        return member.file_size, member.CRC

    def full_name(self, name: str) -> str:
        """The name as it stands in the zip."""
        return self._member(name).filename.replace("\\", "/")

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise DataChangedError(f"{name} is no longer in {self.place}.")
        return self._members[name]


def _walk(root: Path) -> tuple[list[str], set[str]]:
    """Files and folders below `root`; a link to a folder counts as a file, and is refused when read."""
    files: list[str] = []
    folders: set[str] = set()
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            entries = list(os.scandir(root / above))
        except OSError as error:
            place = written_name(f"{root / above}")
            raise DataError(f"{place} cannot be read ({error.strerror}).") from error
        for entry in entries:
            name = f"{above}/{entry.name}" if above else entry.name
            if _is_ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.add(name)
                waiting.append(name)
            elif entry.is_symlink() or entry.is_file():  # a pipe or a device would block its reader
                files.append(name)
    return files, folders


def safe_members(
    archive: zipfile.ZipFile, place: Path, *, most: int | None = None
) -> dict[str, zipfile.ZipInfo]:
    """Members of a zip that may come from anybody, by name; without what operating systems leave behind.

    Args:
        archive: the zip, opened.
        place: its path.
        most: members that it may have; None for as many as a data set may.

    Raises:
        DataError: it has too many, unpacks to too much or to far more than its size, is encrypted, or a
            member's name leads out of it.
    """
    infos, most = archive.infolist(), most or MAX_MEMBERS
    if len(infos) > most:
        raise DataError(f"{place.name} has {len(infos):,} members; at most {most:,} are accepted.")
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL_BYTES:
        raise DataError(f"{place.name} unpacks to {megabytes(total)}; at most 200 GB are accepted.")
    if total > RATIO_FREE_BYTES and total > MAX_RATIO * place.stat().st_size:
        raise DataError(
            f"{place.name} unpacks to more than {MAX_RATIO} times its size, as a zip bomb does; "
            "it is not accepted."
        )
    if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
        raise DataError(f"{place.name} is encrypted. Unpack it and zip it again without a password.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename.replace("\\", "/")
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or parts[0].endswith(":"):
            raise DataError(f"{place.name} is not accepted: its member {info.filename!r} escapes its folder.")
        if not any(_is_ignored(part) for part in parts):
            members[str(PurePosixPath(name))] = info
    return members


def _is_ignored(part: str) -> bool:
    return part.startswith(".") or part in IGNORED_NAMES
