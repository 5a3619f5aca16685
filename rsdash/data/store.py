"""The data sets known to rsdash: add, list, open and remove them.

A data set appears under its name only when it is complete: it is built aside and renamed into place.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from rsdash.config import RGB8, Radiometry
from rsdash.data.building import (
    KEPT_FOLDER,
    SAMPLE,
    build,
    datasets_root,
    folder_of,
    free_name,
    link_or_copy,
    new_info,
    rescan,
    slug_of,
)
from rsdash.data.dataset import INFO_FILE, Dataset, DatasetInfo, Kind
from rsdash.data.fetching import Remote, fetch
from rsdash.data.parallel import Progress
from rsdash.data.public import PUBLIC_SETS, public_set
from rsdash.data.sample import SAMPLE_LICENCE, write_sample
from rsdash.errors import DataError, DataNotFoundError, storage_errors

_KEPT_ZIP = "images.zip"


def list_datasets() -> list[DatasetInfo]:
    """All data sets that were added, by name; reads small files only. A damaged one is left out."""
    found = []
    for folder in sorted(datasets_root().glob("[!.]*")):
        try:
            found.append(DatasetInfo.load(folder))
        except DataError:
            continue  # open_dataset of that name says what is wrong
    return found


def open_dataset(name_or_path: str, on_progress: Progress | None = None) -> Dataset:
    """Open a data set by name, or by the path of a folder or zip, which is added (or scanned again).

    The sample is drawn at first use.

    Raises:
        DataNotFoundError: there is no such name or path, or a public set is not downloaded yet.
        DataError: the folder or zip cannot be used.
    """
    folder = folder_of(name_or_path)
    if folder and (folder / INFO_FILE).exists():
        return Dataset(folder)
    if name_or_path == SAMPLE:
        return build(
            new_info(SAMPLE, "sample", KEPT_FOLDER, synthetic=True, licence=SAMPLE_LICENCE),
            write_sample,
            on_progress,
        )
    if name_or_path in PUBLIC_SETS:
        raise DataNotFoundError(
            f"The public data set {name_or_path!r} is not downloaded yet; the Data page does that, or "
            f"`python -m rsdash data add {name_or_path}`."
        )
    path = Path(name_or_path).expanduser()
    if name_or_path and os.path.exists(path):  # noqa: PTH110  # unlike Path.exists, never raises
        return add_dataset(path, on_progress=on_progress)
    known = ", ".join(sorted({SAMPLE, *(info.name for info in list_datasets())}))
    raise DataNotFoundError(
        f"There is no data set {name_or_path!r}, and no folder or zip of that path. Known: {known}."
    )


def add_dataset(
    path: Path,
    name: str | None = None,
    on_progress: Progress | None = None,
    radiometry: Radiometry | None = None,
) -> Dataset:
    """Add a folder or zip on this machine, which stays where it is; scans it again if it is known.

    Args:
        path: folder or zip with one folder per class.
        name: what to call it; None makes a free name from the path.
        on_progress: called with (files done, files in all).
        radiometry: how the numbers in its files are read, for runs from now on; None keeps that of a
            known data set and takes rgb8 for a new one.

    Raises:
        DataNotFoundError: nothing is at `path`.
        DataError: it has no usable classes, or the name is taken.
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise DataNotFoundError(f"There is no folder or zip at {path}. Check the path.")
    wanted = slug_of(name) if name is not None else None
    for info in list_datasets():
        if info.kind in ("folder", "zip") and info.path == str(path) and wanted in (None, info.name):
            return rescan(datasets_root() / info.name, on_progress, radiometry or info.radiometry)
    kind: Kind = "folder" if path.is_dir() else "zip"
    chosen = free_name(wanted, path.name if kind == "folder" else path.stem)
    info = new_info(chosen, kind, str(path), radiometry=radiometry or RGB8)
    return build(info, _nothing, on_progress)


def add_upload(
    stream: BinaryIO,
    filename: str,
    name: str | None = None,
    on_progress: Progress | None = None,
    radiometry: Radiometry | None = None,
) -> Dataset:
    """Keep an uploaded zip in the data folder and add it; what was uploaded before is not kept twice.

    Args:
        stream: the zip.
        filename: what the person calls it.
        name: what to call the data set; None makes a free name from the file's.
        on_progress: called with (files done, files in all).
        radiometry: how the numbers in its files are read; None for rgb8.

    Raises:
        DataError: it is not a zip, has no usable classes, or the name is taken.
        StorageError: the disk is full.
    """
    chosen = free_name(slug_of(name) if name is not None else None, Path(filename).stem)

    def spool(site: Path, _progress: Progress | None) -> None:
        with (site / _KEPT_ZIP).open("wb") as file:
            shutil.copyfileobj(stream, file, 2**20)

    try:
        info = new_info(chosen, "upload", _KEPT_ZIP, radiometry=radiometry or RGB8)
        dataset = build(info, spool, on_progress)
    except DataError as error:
        raise type(error)(str(error).replace(_KEPT_ZIP, filename)) from error
    twin = None if name else _uploaded_before(dataset)
    if twin is None:
        return dataset
    remove_dataset(dataset.name)
    return twin


def _uploaded_before(dataset: Dataset) -> Dataset | None:
    """Another upload of the same files, read in the same way."""
    same = (
        info.name
        for info in list_datasets()
        if (info.kind, info.fingerprint) == ("upload", dataset.info.fingerprint)
        and info.radiometry == dataset.info.radiometry
        and info.name != dataset.name
    )
    found = next(same, None)
    return open_dataset(found) if found else None


def download(name: str, on_progress: Progress | None = None, *, accepted: bool = False) -> Dataset:
    """Download a public data set and add it; goes on where an earlier attempt broke off.

    Args:
        name: one of `PUBLIC_SETS`.
        accepted: a person has read the terms and accepts them, where the set asks for it.
        on_progress: called with (bytes so far, bytes in all), then (files done, files in all).

    Raises:
        DataNotFoundError: there is no public data set of that name.
        DataError: terms not accepted, no network, broken off, or the wrong content.
        StorageError: too little room.
    """
    entry = public_set(name)
    folder = datasets_root() / name
    if (folder / INFO_FILE).exists():
        return Dataset(folder)
    if entry.must_accept and not accepted:
        raise DataError(
            f"The terms of {entry.title} are: {entry.licence}. Accept them before the download, on the Data "
            "page or with --accept-terms."
        )
    archive = fetch(Remote(entry.title, entry.url, entry.md5, "md5", entry.size_bytes), on_progress)
    info = new_info(name, "public", _KEPT_ZIP, licence=entry.licence, citation=entry.citation)
    dataset = build(info, lambda site, _progress: _keep(archive, site), on_progress)
    archive.unlink(missing_ok=True)
    return dataset


def scan_again(
    name: str, on_progress: Progress | None = None, radiometry: Radiometry | None = None
) -> Dataset:
    """Read what changed in a known data set, or all of it where its radiometry changes.

    Args:
        name: the data set.
        on_progress: called with (files done, files in all).
        radiometry: how the numbers in its files are read, for runs from now on; None leaves it.

    Raises:
        DataNotFoundError: there is none of that name, or its files are gone.
        DataError: it can no longer be used.
    """
    folder = folder_of(name)
    if folder is None or not (folder / INFO_FILE).exists():
        raise DataNotFoundError(f"There is no data set {name!r}.")
    return rescan(folder, on_progress, radiometry or DatasetInfo.load(folder).radiometry)


def remove_dataset(name: str) -> None:
    """Forget a data set and delete what rsdash keeps of it; the person's own files stay.

    Raises:
        DataNotFoundError: there is none of that name.
    """
    folder = folder_of(name)
    if folder is None or not folder.is_dir():
        raise DataNotFoundError(f"There is no data set {name!r} to remove.")
    with storage_errors(folder):
        doomed = folder.rename(folder.with_name(f".new-{secrets.token_hex(8)}"))
        shutil.rmtree(doomed)


def _keep(archive: Path, site: Path) -> None:
    """A second name for the download, which stays where it is until the data set is complete."""
    link_or_copy(archive, site / _KEPT_ZIP)


def _nothing(_site: Path, _progress: Progress | None) -> None:
    """The images are already where they stay."""
