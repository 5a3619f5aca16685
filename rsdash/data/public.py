"""Named public data sets: where they are, how they are checked, and a download that can be resumed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rsdash import home
from rsdash.data.disk import megabytes, require_space
from rsdash.data.parallel import Progress
from rsdash.errors import DataError, DataNotFoundError, storage_errors

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class PublicSet:
    """One public data set.

    Attributes:
        name: what it is called in rsdash.
        title: what its authors call it.
        url: address of a zip with one folder per class.
        md5: hex digest of the zip.
        size_bytes: about the size of the zip; for asking before the download and for free space.
        classes: number of classes.
        images: number of images.
        licence: terms of use.
        citation: what to cite.
    """

    name: str
    title: str
    url: str
    md5: str
    size_bytes: int
    classes: int
    images: int
    licence: str
    citation: str


PUBLIC_SETS = {
    "eurosat": PublicSet(
        name="eurosat",
        title="EuroSAT (RGB)",
        # the address and checksum of torchvision.datasets.EuroSAT
        url="https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
        md5="c8fa014336c82ac7804f0398fcb19387",
        size_bytes=94_280_567,
        classes=10,
        images=27_000,
        licence="MIT; contains modified Copernicus Sentinel data",
        citation="Helber, Bischke, Dengel, Borth (2019): EuroSAT: A Novel Dataset and Deep Learning "
        "Benchmark for Land Use and Land Cover Classification. IEEE JSTARS 12(7), 2217-2226. "
        "doi 10.1109/JSTARS.2019.2918242",
    )
}


def public_set(name: str) -> PublicSet:
    """The entry of that name.

    Raises:
        DataNotFoundError: there is none.
    """
    if name not in PUBLIC_SETS:
        raise DataNotFoundError(
            f"There is no public data set {name!r}; choose one of {', '.join(PUBLIC_SETS)}."
        )
    return PUBLIC_SETS[name]


def fetch(entry: PublicSet, on_progress: Progress | None = None) -> Path:
    """Download the zip, going on where an earlier attempt broke off, and check it.

    Args:
        entry: what to download.
        on_progress: called with (bytes so far, bytes in all).

    Returns:
        The checked zip, in the data folder; the caller moves it to its place.

    Raises:
        DataError: no network, refused by the server, broken off, or the wrong content.
        StorageError: too little room.
    """
    folder = home.data_dir() / "downloads"
    partial = folder / f"{entry.name}-{entry.md5}.zip.part"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        present = partial.stat().st_size if partial.exists() else 0
        require_space(folder, max(0, entry.size_bytes - present), f"The download of {entry.title}")
        if not (present and _md5(partial) == entry.md5):
            _transfer(entry, partial, on_progress)
            _check(entry, partial)
    return partial


def _transfer(entry: PublicSet, partial: Path, on_progress: Progress | None) -> None:
    import httpx  # 0.2 s to import, which only a download should cost

    present = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    try:
        with httpx.stream(
            "GET", entry.url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S
        ) as reply:
            if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing at the end; the checksum decides
            reply.raise_for_status()
            resumed = reply.status_code == httpx.codes.PARTIAL_CONTENT
            _save(reply, partial, present if resumed else 0, on_progress)
    except httpx.HTTPStatusError as error:
        raise DataError(
            f"The server of {entry.title} answered {error.response.status_code} for {entry.url}. "
            "Try again later, or add a copy of the zip by its path."
        ) from error
    except httpx.HTTPError as error:
        kept = partial.stat().st_size if partial.exists() else 0
        raise DataError(
            f"The download of {entry.title} broke off ({error or type(error).__name__}). "
            f"Check the network and try again: it goes on from the {megabytes(kept)} already here."
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


def _check(entry: PublicSet, partial: Path) -> None:
    found = _md5(partial)
    if found != entry.md5:
        partial.unlink()
        raise DataError(
            f"The download of {entry.title} has the checksum {found}, not {entry.md5}; it was removed. "
            "Try again; if it happens twice, the file at the address has changed."
        )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
