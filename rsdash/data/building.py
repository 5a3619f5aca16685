"""How a data set comes to be: built aside, scanned, and renamed into place when it is complete."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rsdash import home
from rsdash.config import Radiometry
from rsdash.data.dataset import Dataset, DatasetInfo, Kind, manifest_path
from rsdash.data.disk import building_site, put_in_place
from rsdash.data.parallel import Progress
from rsdash.data.public import PUBLIC_SETS
from rsdash.data.scan import scan
from rsdash.data.source import open_source
from rsdash.errors import DataError

SAMPLE = "sample"
KEPT_FOLDER = "images"
"""Where a data set's own images stand that rsdash made or keeps."""
MAX_NAME_LENGTH = 64

_SLUG = re.compile(rf"[a-z0-9_-]{{1,{MAX_NAME_LENGTH}}}")


def build(
    info: DatasetInfo, bring: Callable[[Path, Progress | None], None], on_progress: Progress | None
) -> Dataset:
    """Bring the images to a building site, scan them, and rename the whole into place.

    Args:
        info: what is known beforehand; fingerprint and counts are filled in.
        bring: puts the images into the folder it is given, where `info.path` says.
        on_progress: called with (done, total), first of bringing, then of scanning.

    Raises:
        DataError: the images cannot be used, or the name was taken meanwhile; nothing is left behind.
    """
    target = datasets_root() / info.name
    with building_site(datasets_root()) as site:
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


def rescan(folder: Path, on_progress: Progress | None, radiometry: Radiometry) -> Dataset:
    """Scan a known data set again; only changed files are read, unless the radiometry changes."""
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


def new_info(name: str, kind: Kind, path: str, **more: Any) -> DatasetInfo:
    """What is known of a data set before it is scanned."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return DatasetInfo(
        name=name, kind=kind, path=path, added_at=now, fingerprint="", counts={}, refused=0, **more
    )


def datasets_root() -> Path:
    """The folder of all data sets."""
    return home.data_dir() / "datasets"


def folder_of(name: str) -> Path | None:
    """The folder of a data set, or None where `name` cannot be one's name."""
    return datasets_root() / name if _SLUG.fullmatch(name) else None


def slug_of(text: str) -> str:
    """A name as it can be a folder's.

    Raises:
        DataError: nothing usable is in it.
    """
    slug = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:MAX_NAME_LENGTH]
    if not slug:
        raise DataError(f"{text!r} cannot name a data set; use letters, digits, - and _.")
    return slug


def free_name(wanted: str | None, fallback: str) -> str:
    """The wanted name, or one made from the fallback and numbered where that is taken.

    Raises:
        DataError: the wanted name is taken.
    """
    reserved = {SAMPLE, *PUBLIC_SETS}
    if wanted is not None:
        if wanted in reserved or (datasets_root() / wanted).exists():
            raise DataError(f"The name {wanted!r} is taken; choose another, or remove that data set first.")
        return wanted
    stem = re.sub(r"[^a-z0-9_-]+", "-", fallback.lower()).strip("-_")[: MAX_NAME_LENGTH - 6] or "dataset"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 100_000))
    return next(name for name in names if name not in reserved and not (datasets_root() / name).exists())


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """A second name for a file, or a copy of it."""
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
