"""The data sets known to rsdash: add, list, open and remove them.

A data set appears under its name only when it is complete: it is built aside and renamed into place.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rsdash import home
from rsdash.config import RGB8, Radiometry
from rsdash.data.dataset import INFO_FILE, Dataset, DatasetInfo, Kind, manifest_path
from rsdash.data.disk import building_site, put_in_place
from rsdash.data.fetching import Remote, fetch
from rsdash.data.parallel import Progress
from rsdash.data.public import PUBLIC_SETS, public_set
from rsdash.data.sample import SAMPLE_LICENCE, write_sample
from rsdash.data.scan import scan
from rsdash.data.source import open_source
from rsdash.errors import DataError, DataNotFoundError, storage_errors

SAMPLE = "sample"
MAX_NAME_LENGTH = 64

_KEPT_ZIP = "images.zip"
_KEPT_FOLDER = "images"
_SLUG = re.compile(rf"[a-z0-9_-]{{1,{MAX_NAME_LENGTH}}}")


def list_datasets() -> list[DatasetInfo]:
    """All data sets that were added, by name; reads small files only. A damaged one is left out."""
    found = []
    for folder in sorted(_root().glob("[!.]*")):
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
    folder = _folder(name_or_path)
    if folder and (folder / INFO_FILE).exists():
        return Dataset(folder)
    if name_or_path == SAMPLE:
        return _build(DatasetInfo(**_blank(SAMPLE, "sample", _KEPT_FOLDER)), write_sample, on_progress)
    if name_or_path in PUBLIC_SETS:
        raise DataNotFoundError(
            f"The public data set {name_or_path!r} is not downloaded yet; the Data page downloads it."
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
    wanted = _slug(name) if name is not None else None
    for info in list_datasets():
        if info.kind in ("folder", "zip") and info.path == str(path) and wanted in (None, info.name):
            return _rescan(_root() / info.name, on_progress, radiometry or info.radiometry)
    kind: Kind = "folder" if path.is_dir() else "zip"
    chosen = _free_name(wanted, path.name if kind == "folder" else path.stem)
    info = DatasetInfo(**_blank(chosen, kind, str(path)), radiometry=radiometry or RGB8)
    return _build(info, _nothing, on_progress)


def add_upload(
    stream: BinaryIO,
    filename: str,
    name: str | None = None,
    on_progress: Progress | None = None,
    radiometry: Radiometry | None = None,
) -> Dataset:
    """Keep an uploaded zip in the data folder and add it.

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
    chosen = _free_name(_slug(name) if name is not None else None, Path(filename).stem)

    def spool(site: Path, _progress: Progress | None) -> None:
        with (site / _KEPT_ZIP).open("wb") as file:
            shutil.copyfileobj(stream, file, 2**20)

    try:
        info = DatasetInfo(**_blank(chosen, "upload", _KEPT_ZIP), radiometry=radiometry or RGB8)
        return _build(info, spool, on_progress)
    except DataError as error:
        raise type(error)(str(error).replace(_KEPT_ZIP, filename)) from error


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
    folder = _root() / name
    if (folder / INFO_FILE).exists():
        return Dataset(folder)
    if entry.must_accept and not accepted:
        raise DataError(f"The terms of {entry.title} are: {entry.licence}. Accept them before the download.")
    archive = fetch(Remote(entry.title, entry.url, entry.md5, "md5", entry.size_bytes), on_progress)
    info = DatasetInfo(**_blank(name, "public", _KEPT_ZIP))
    info = replace(info, licence=entry.licence, citation=entry.citation)
    dataset = _build(info, lambda site, _progress: _keep(archive, site), on_progress)
    archive.unlink(missing_ok=True)
    return dataset


def remove_dataset(name: str) -> None:
    """Forget a data set and delete what rsdash keeps of it; the person's own files stay.

    Raises:
        DataNotFoundError: there is none of that name.
    """
    folder = _folder(name)
    if folder is None or not folder.is_dir():
        raise DataNotFoundError(f"There is no data set {name!r} to remove.")
    with storage_errors(folder):
        doomed = folder.rename(folder.with_name(f".new-{secrets.token_hex(8)}"))
        shutil.rmtree(doomed)


def _build(
    info: DatasetInfo, bring: Callable[[Path, Progress | None], None], on_progress: Progress | None
) -> Dataset:
    """Bring the images to a building site, scan them, and rename the whole into place."""
    target = _root() / info.name
    with building_site(_root()) as site:
        bring(site, on_progress)
        manifest = scan(open_source(site / info.path), on_progress, radiometry=info.radiometry)
        info = replace(info, fingerprint=manifest.fingerprint, counts=manifest.counts())
        manifest.save(manifest_path(site, manifest.fingerprint))
        replace(info, refused=len(manifest.refused)).save(site)
        first = put_in_place(site, target)
    dataset = Dataset(target)
    if not first and dataset.info.fingerprint != manifest.fingerprint:
        raise DataError(f"The name {info.name!r} was taken by another data set meanwhile. Try again.")
    return dataset


def _rescan(folder: Path, on_progress: Progress | None, radiometry: Radiometry) -> Dataset:
    dataset = Dataset(folder)
    known = dataset.manifest if radiometry.digest == dataset.info.radiometry.digest else None
    manifest = scan(dataset.source, on_progress, previous=known, radiometry=radiometry)
    manifest.save(manifest_path(folder, manifest.fingerprint))
    replace(
        dataset.info,
        fingerprint=manifest.fingerprint,
        counts=manifest.counts(),
        refused=len(manifest.refused),
        radiometry=radiometry,
    ).save(folder)
    return Dataset(folder)


def _blank(name: str, kind: Kind, path: str) -> dict:
    return {
        "name": name,
        "kind": kind,
        "path": path,
        "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": "",
        "counts": {},
        "refused": 0,
        "synthetic": kind == "sample",
        "licence": SAMPLE_LICENCE if kind == "sample" else "",
    }


def _root() -> Path:
    return home.data_dir() / "datasets"


def _folder(name: str) -> Path | None:
    """The folder of a data set, or None where `name` cannot be one's name."""
    return _root() / name if _SLUG.fullmatch(name) else None


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:MAX_NAME_LENGTH]
    if not slug:
        raise DataError(f"{text!r} cannot name a data set; use letters, digits, - and _.")
    return slug


def _free_name(wanted: str | None, fallback: str) -> str:
    reserved = {SAMPLE, *PUBLIC_SETS}
    if wanted is not None:
        if wanted in reserved or (_root() / wanted).exists():
            raise DataError(f"The name {wanted!r} is taken; choose another, or remove that data set first.")
        return wanted
    stem = re.sub(r"[^a-z0-9_-]+", "-", fallback.lower()).strip("-_")[: MAX_NAME_LENGTH - 6] or "dataset"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 100_000))
    return next(name for name in names if name not in reserved and not (_root() / name).exists())


def _keep(archive: Path, site: Path) -> None:
    """A second name for the download, which stays where it is until the data set is complete."""
    try:
        os.link(archive, site / _KEPT_ZIP)
    except OSError:  # a file system without hard links
        shutil.copyfile(archive, site / _KEPT_ZIP)


def _nothing(_site: Path, _progress: Progress | None) -> None:
    """The images are already where they stay."""
