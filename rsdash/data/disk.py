"""Building folders aside and renaming them into place; asking for free space before writing."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rsdash.errors import StorageError, storage_errors

SPARE_BYTES = 64 * 2**20
"""Room left free beside whatever is written."""
LEFTOVER_AGE_S = 24 * 3600.0
"""A building site older than this belongs to a process that was killed."""
SITE_PREFIX = ".new-"
"""Names of folders that are built or removed just now."""


@contextmanager
def building_site(parent: Path) -> Iterator[Path]:
    """A temporary folder inside `parent` that is gone afterwards, unless it was renamed away.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    with storage_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(parent)
        site = parent / f"{SITE_PREFIX}{secrets.token_hex(8)}"
        site.mkdir()
        try:
            yield site
        finally:
            shutil.rmtree(site, ignore_errors=True)


def put_in_place(site: Path, target: Path) -> bool:
    """Rename a finished folder to `target`; False where another process was first."""
    try:
        site.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return True


def require_space(place: Path, needed_bytes: int, purpose: str) -> None:
    """Refuse early what would not fit on the disk of `place`.

    Raises:
        StorageError: fewer than `needed_bytes` and a little spare room are free.
    """
    free = free_bytes(place)
    if free < needed_to_write(needed_bytes):
        raise StorageError(
            f"{purpose} needs {megabytes(needed_to_write(needed_bytes))} at {place}, but only "
            f"{megabytes(free)} are free. Free some space and try again."
        )


def needed_to_write(count: int) -> int:
    """Bytes that have to be free before so many are written."""
    return count + SPARE_BYTES


def free_bytes(place: Path) -> int:
    """Free space on the disk where `place` is or will be."""
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    return shutil.disk_usage(existing).free


def megabytes(count: float) -> str:
    """A number of bytes as a person reads it: `86.5 MB`."""
    return f"{count / 1e6:,.1f} MB"


def _clear_leftovers(parent: Path) -> None:
    for site in parent.glob(f"{SITE_PREFIX}*"):
        with suppress(FileNotFoundError):  # its owner may be renaming it just now
            if time.time() - site.stat().st_mtime > LEFTOVER_AGE_S:
                shutil.rmtree(site, ignore_errors=True)
