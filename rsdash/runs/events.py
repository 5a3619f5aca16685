"""Append-only logs of JSON lines: what happened (metrics.jsonl) and what is asked (commands.jsonl)."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdash.errors import storage_errors


@dataclass(frozen=True)
class Line:
    """One complete line of a log and the offset behind it, in bytes."""

    fields: dict[str, Any]
    end: int


def append_event(path: Path, kind: str, **fields: Any) -> None:
    """Append one event in a single write, so that lines of several writers never mix.

    Where a writer before was cut off in the middle of its line, the event begins a line of its own.

    Raises:
        StorageError: the disk is full or the file cannot be written.
    """
    line = json.dumps({"kind": kind, "at": round(time.time(), 3), **fields}, separators=(",", ":")) + "\n"
    with storage_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            data = (line if _ends_with_newline(descriptor) else "\n" + line).encode()
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def bring_to_disk(path: Path) -> None:
    """Wait until what was appended is on disk, where a power cut must not take it."""
    with storage_errors(path), path.open("rb") as file:
        os.fsync(file.fileno())


def read_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Complete lines from byte `start` on; a torn last line and lines that are no objects are skipped."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return
    end = start
    for raw in data.split(b"\n")[:-1]:  # behind the last newline there is nothing, or a torn line
        end += len(raw) + 1
        try:
            fields = json.loads(raw)
        except ValueError:
            continue
        if isinstance(fields, dict):
            yield Line(fields, end)


def cut_torn_line(path: Path) -> None:
    """Cut a log to its last newline, as a writer must before it goes on after a crash."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        data = file.read()
        complete = data.rfind(b"\n") + 1
        if complete < len(data):
            file.truncate(complete)


def _ends_with_newline(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
