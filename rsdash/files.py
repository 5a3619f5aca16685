"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rsdash.errors import storage_errors

TEMPORARY = ".tmp"


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` on a temporary file beside `path`, flush it to disk and rename it into place.

    Raises:
        StorageError: the disk is full or the place cannot be written; nothing is left behind.
    """
    with storage_errors(path.parent), _temporary(path) as temporary:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Replace the text of a file atomically.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    write_atomic(path, lambda file: file.write(text.encode()))


def remove_torn(path: Path) -> None:
    """Remove what killed processes left of a file half written; nobody else may be writing it."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.*{TEMPORARY}"):
        temporary.unlink(missing_ok=True)


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
