"""The list of a data set's usable images, with what identifies each; unchangeable once made."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rsdash.data.source import Source
from rsdash.errors import DataError
from rsdash.files import write_text

Role = Literal["train", "validation", "test"]

POSITION_COLUMNS = ("longitudes", "latitudes", "footprints_m")

_FORMAT = 1
_DIGEST_BYTES = 16


@dataclass(frozen=True)
class Refusal:
    """A file that is not used: its name and the sentence that says why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Manifest:
    """One row an image, in the order of names.

    Attributes:
        classes: class names, sorted; `labels` point into it.
        names: relative posix paths, sorted.
        labels: int64 (N,).
        sizes: bytes, int64 (N,).
        stamps: mtime in ns in a folder, CRC-32 in a zip; int64 (N,).
        hashes: hex BLAKE2b-128 of each file's bytes.
        widths: px, int64 (N,).
        heights: px, int64 (N,).
        roles: the part each image was given by train/val/test folders, or None everywhere.
        refused: files that are not used.
        longitudes: of each centre, degrees WGS 84, float64 (N,); NaN where unknown.
        latitudes: the same.
        footprints_m: longer side of each image in metres on the ground, float64 (N,); NaN where unknown.
        knows_positions: False where the list was written before positions were looked for.
    """

    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    sizes: np.ndarray
    stamps: np.ndarray
    hashes: tuple[str, ...]
    widths: np.ndarray
    heights: np.ndarray
    roles: tuple[Role | None, ...]
    refused: tuple[Refusal, ...] = field(default=())
    longitudes: np.ndarray = field(default_factory=lambda: np.empty(0))
    latitudes: np.ndarray = field(default_factory=lambda: np.empty(0))
    footprints_m: np.ndarray = field(default_factory=lambda: np.empty(0))
    knows_positions: bool = True

    def __post_init__(self) -> None:
        for name in POSITION_COLUMNS:
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.names), np.nan))
        numbers = (self.labels, self.sizes, self.stamps, self.widths, self.heights)
        for column in (*numbers, self.longitudes, self.latitudes, self.footprints_m):
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest over name, content and class of every image; a touched file does not change it."""
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        for name, content, label in zip(self.names, self.hashes, self.labels, strict=True):
            row = "\0".join((name, content, self.classes[label])) + "\n"
            digest.update(row.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @property
    def has_given_split(self) -> bool:
        """Whether the data set came with train/val/test folders."""
        return bool(self.roles) and self.roles[0] is not None

    @property
    def has_positions(self) -> bool:
        """Whether it is known of every image where it lies."""
        return len(self) > 0 and not bool(np.isnan(self.longitudes).any())

    def counts(self) -> dict[str, int]:
        """Images of each class."""
        numbers = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write as JSON, atomically.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        columns = {
            "labels": self.labels.tolist(),
            "sizes": self.sizes.tolist(),
            "stamps": self.stamps.tolist(),
            "widths": self.widths.tolist(),
            "heights": self.heights.tolist(),
        }
        content = {
            "format": _FORMAT,
            "classes": self.classes,
            "names": self.names,
            "hashes": self.hashes,
            "roles": self.roles if self.has_given_split else None,
            **columns,
            **{name: _nan_to_none(getattr(self, name)) for name in POSITION_COLUMNS},
            "refused": [[refusal.name, refusal.reason] for refusal in self.refused],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(content, separators=(",", ":")))

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return _from_json(content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"The list of files {path} is missing or damaged ({error}). Add the data set again."
            ) from error


def column(values: Sequence[int]) -> np.ndarray:
    """An integer column of a manifest: int64 (N,)."""
    return np.asarray(values, dtype=np.int64).reshape(-1)


def real_column(values: Sequence[float | None] | np.ndarray) -> np.ndarray:
    """A column of real numbers: float64 (N,), NaN for None."""
    return np.asarray(values, dtype=np.float64).reshape(-1)


def content_hash(data: bytes) -> str:
    """Hex BLAKE2b-128 of a file's bytes."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def changed_since(manifest: Manifest, source: Source) -> list[str]:
    """Names of files that were added, removed or modified since the manifest was made.

    Only files whose size or stamp differs are read; a file that was merely touched counts as
    unchanged, and so does one that was refused then.
    """
    rows = {name: row for row, name in enumerate(manifest.names)}
    present = set(source.names())
    changed = set(rows).difference(present)
    changed |= present.difference(rows, (refusal.name for refusal in manifest.refused))
    for name in present.intersection(rows):
        row = rows[name]
        if source.stat(name) == (manifest.sizes[row], manifest.stamps[row]):
            continue
        try:
            same = content_hash(source.read(name)) == manifest.hashes[row]
        except DataError:
            same = False
        if not same:
            changed.add(name)
    return sorted(changed)


def _nan_to_none(values: np.ndarray) -> list[float | None] | None:
    """JSON has no NaN; a column of nothing else is None as a whole."""
    if np.isnan(values).all():
        return None
    return [None if math.isnan(value) else value for value in values.tolist()]


def _from_json(content: dict[str, Any]) -> Manifest:
    if content["format"] != _FORMAT:
        raise ValueError(f"format {content['format']}, expected {_FORMAT}")
    names = tuple(content["names"])
    manifest = Manifest(
        classes=tuple(content["classes"]),
        names=names,
        labels=column(content["labels"]),
        sizes=column(content["sizes"]),
        stamps=column(content["stamps"]),
        hashes=tuple(content["hashes"]),
        widths=column(content["widths"]),
        heights=column(content["heights"]),
        roles=tuple(content["roles"] or (None for _ in names)),
        refused=tuple(Refusal(name, reason) for name, reason in content["refused"]),
        **{name: real_column(content.get(name) or ()) for name in POSITION_COLUMNS},
        knows_positions=POSITION_COLUMNS[0] in content,
    )
    numbers = (manifest.labels, manifest.sizes, manifest.stamps, manifest.widths, manifest.heights)
    places = (manifest.longitudes, manifest.latitudes, manifest.footprints_m)
    if {len(column) for column in (*numbers, *places, manifest.hashes, manifest.roles)} != {len(names)}:
        raise ValueError("its columns differ in length")
    return manifest
