"""Downloads that can be resumed and are checked before anyone sees them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rsdash import home
from rsdash.data.disk import megabytes, require_space
from rsdash.data.parallel import Progress
from rsdash.errors import DataError, storage_errors

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Remote:
    """A file elsewhere.

    Attributes:
        title: what it is called in messages.
        url: its address.
        digest: hex digest of its content.
        algorithm: `md5` or `sha256`.
        size_bytes: about its size.
    """

    title: str
    url: str
    digest: str
    algorithm: str
    size_bytes: int


def fetch(remote: Remote, on_progress: Progress | None = None) -> Path:
    """Download a file, going on where an earlier attempt broke off, and check it.

    Args:
        remote: what to download.
        on_progress: called with (bytes so far, bytes in all).

    Returns:
        The checked file, in the data folder; the caller moves it to its place.

    Raises:
        DataError: no network, refused by the server, broken off, or the wrong content.
        StorageError: too little room.
    """
    folder = home.data_dir() / "downloads"
    partial = folder / f"{remote.digest}.part"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        present = partial.stat().st_size if partial.exists() else 0
        require_space(folder, max(0, remote.size_bytes - present), f"The download of {remote.title}")
        if not (present and _digest(partial, remote) == remote.digest):
            _transfer(remote, partial, on_progress)
            _check(remote, partial)
    return partial


def _transfer(remote: Remote, partial: Path, on_progress: Progress | None) -> None:
    import httpx  # 0.2 s to import, which only a download should cost

    present = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    try:
        with httpx.stream(
            "GET", remote.url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S
        ) as reply:
            if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing at the end; the checksum decides
            reply.raise_for_status()
            resumed = reply.status_code == httpx.codes.PARTIAL_CONTENT
            _save(reply, partial, present if resumed else 0, on_progress)
    except httpx.HTTPStatusError as error:
        raise DataError(
            f"The server of {remote.title} answered {error.response.status_code} for {remote.url}. "
            "Try again later, or add a copy of the zip by its path."
        ) from error
    except httpx.HTTPError as error:
        kept = partial.stat().st_size if partial.exists() else 0
        further = f": it goes on from the {megabytes(kept)} already here" if kept else ""
        raise DataError(
            f"The download of {remote.title} broke off ({error or type(error).__name__}). "
            f"Check the network and try again{further}."
        ) from error


def _save(reply: httpx.Response, partial: Path, start: int, on_progress: Progress | None) -> None:
    done = start
    total = start + int(reply.headers.get("Content-Length", 0))
    with partial.open("ab" if start else "wb") as file:
        for chunk in reply.iter_raw():  # a chunk size would lose what it gathers when the line breaks
            file.write(chunk)
            done += len(chunk)
            if on_progress:
                on_progress(done, max(total, done))


def _check(remote: Remote, partial: Path) -> None:
    found = _digest(partial, remote)
    if found != remote.digest:
        partial.unlink()
        raise DataError(
            f"The download of {remote.title} has the checksum {found}, not {remote.digest}; it was removed. "
            "Try again; if it happens twice, the file at the address has changed."
        )


def _digest(path: Path, remote: Remote) -> str:
    with path.open("rb") as file:
        made = hashlib.file_digest(file, lambda: hashlib.new(remote.algorithm, usedforsecurity=False))
    return made.hexdigest()
