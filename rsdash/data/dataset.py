"""One data set known to rsdash: what is stored about it, and its images.

<data folder>/datasets/<name>/
    dataset.json                            DatasetInfo; replaced atomically, names the present version
    images.zip, images/                     only where rsdash keeps the files itself
    versions/<fingerprint>/manifest.json    the files as they were scanned
    versions/<fingerprint>/splits/          immutable splits of exactly these files
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rsdash.config import RGB8, Radiometry
from rsdash.data.decoding import decode, picture
from rsdash.data.manifest import Manifest, changed_since
from rsdash.data.source import Source, open_source
from rsdash.errors import DataChangedError, DataError
from rsdash.files import write_text

Kind = Literal["folder", "zip", "upload", "public", "tiles", "sample"]

INFO_FILE = "dataset.json"


@dataclass(frozen=True)
class DatasetInfo:
    """What a list of data sets shows; all of it stands in dataset.json.

    Attributes:
        name: slug, also the name of its folder.
        kind: folder or zip (the person's own); upload, public, tiles of a scene or sample (kept by rsdash).
        path: where the images are; relative to the data set's folder where rsdash keeps them.
        added_at: ISO 8601, UTC.
        fingerprint: of the present manifest.
        counts: images of each class, in the order of classes.
        refused: number of files that are not used.
        synthetic: the images are drawn, not taken.
        licence: terms of the images, or empty.
        citation: what to cite, or empty.
        origin: what tiles were cut from, or how else they came together; or empty.
        radiometry: how the numbers in its files are read, for runs from now on.
    """

    name: str
    kind: Kind
    path: str
    added_at: str
    fingerprint: str
    counts: dict[str, int]
    refused: int
    synthetic: bool = False
    licence: str = ""
    citation: str = ""
    origin: str = ""
    radiometry: Radiometry = RGB8

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, sorted."""
        return tuple(self.counts)

    @property
    def image_count(self) -> int:
        """Usable images."""
        return sum(self.counts.values())

    def save(self, folder: Path) -> None:
        """Write dataset.json, atomically."""
        content = {**asdict(self), "radiometry": self.radiometry.model_dump(mode="json")}
        write_text(folder / INFO_FILE, json.dumps(content, indent=1))

    @classmethod
    def load(cls, folder: Path) -> DatasetInfo:
        """Read dataset.json.

        Raises:
            DataError: it is missing or damaged.
        """
        path = folder / INFO_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**content, "radiometry": Radiometry(**content.get("radiometry", {}))})
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                f"{path} is missing or damaged ({error}). Remove the data set {folder.name!r} "
                "and add it again."
            ) from error


class Dataset:
    """A data set as it was scanned last.

    Raises:
        DataError: what is stored about it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info = DatasetInfo.load(folder)
        self.manifest = Manifest.load(manifest_path(folder, self.info.fingerprint))

    @property
    def name(self) -> str:
        """The slug it is known by."""
        return self.info.name

    @property
    def place(self) -> Path:
        """The folder or zip with the images."""
        return self.folder / self.info.path  # an absolute path stays as it is

    @cached_property
    def source(self) -> Source:
        """The files.

        Raises:
            DataNotFoundError: the folder or zip is gone.
        """
        return open_source(self.place)

    def read_image(self, row: int) -> bytes:
        """The bytes of the image in a row of the manifest.

        Raises:
            DataError: the file is gone or unreadable.
        """
        return self.source.read(self.manifest.names[row])

    def read_picture(self, row: int, side_px: int) -> np.ndarray:
        """The image in a row of the manifest as a person sees it, uint8 (side_px, side_px, 3).

        Raises:
            DataError: the file is gone, unreadable or no longer an image.
        """
        radiometry = self.info.radiometry
        return picture(
            decode(self.read_image(row), self.manifest.names[row], radiometry, side_px), radiometry
        )

    def verify(self, fingerprint: str) -> None:
        """Make sure that the files are still those of `fingerprint`; only touched files are read.

        Raises:
            DataChangedError: some were added, removed or modified; names how many and the first three.
            DataNotFoundError: the folder or zip is gone.
        """
        source = open_source(self.place)
        path = manifest_path(self.folder, fingerprint)
        changed = changed_since(Manifest.load(path), source) if path.exists() else []
        if changed:
            files = "1 file" if len(changed) == 1 else f"{len(changed):,} files"
            names = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
            raise DataChangedError(
                f"{files} of the data set {self.name!r} changed since: {names}. "
                "Put them back, or start a new run on the files as they are."
            )
        if fingerprint != self.info.fingerprint:
            raise DataChangedError(
                f"The data set {self.name!r} was scanned again since and is now {self.info.fingerprint[:8]}, "
                f"not {fingerprint[:8]}. Add it again if you put the files back, or start a new run."
            )

    @property
    def splits_folder(self) -> Path:
        """Where the splits of the present files are stored."""
        return splits_path(self.folder, self.manifest.fingerprint)


def splits_path(folder: Path, fingerprint: str) -> Path:
    """Where the splits of one version of the files are stored."""
    return manifest_path(folder, fingerprint).parent / "splits"


def manifest_path(folder: Path, fingerprint: str) -> Path:
    """Where the manifest of one version of the files is stored."""
    return folder / "versions" / fingerprint / "manifest.json"
