"""Splits that come with the images: by train/val/test folders, or by official lists of file names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rsdash.data.manifest import Manifest
from rsdash.data.splits.grouping import read_table
from rsdash.data.splits.making import name_suffix, shuffled
from rsdash.data.splits.names import rows_of
from rsdash.data.splits.split import NOT_CHECKED, PARTS, Split
from rsdash.errors import DataError

PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What lists call the parts, in lower case."""


def given_split(
    manifest: Manifest,
    *,
    split_seed: int = 0,
    limit_per_class: int | None = None,
    excluded: Sequence[str] = (),
) -> Split:
    """The split that the data set's own train/val/test folders make; the limit applies within train.

    Raises:
        DataError: the data set has no such folders.
    """
    if not manifest.has_given_split:
        raise DataError("The data set has no train, val and test folders; choose shares instead.")
    out = set(excluded)
    taken = np.array([name not in out for name in manifest.names])
    roles = np.where(taken, np.asarray(manifest.roles), "")
    train = np.flatnonzero(roles == "train")
    if limit_per_class is not None:
        train = np.sort(shuffled(train, manifest, split_seed, limit_per_class))
    suffix = f"-seed{split_seed}-limit{limit_per_class}" if limit_per_class is not None else ""
    return Split(
        name=f"given{suffix}{name_suffix(None, None, excluded)}",
        split_seed=split_seed,
        validation_share=0.0,
        test_share=0.0,
        limit_per_class=limit_per_class,
        fingerprint=manifest.fingerprint,
        train=train,
        validation=np.flatnonzero(roles == "validation"),
        test=np.flatnonzero(roles == "test"),
        test_role="given test",
        left_out={} if taken.all() else {"excluded": int((~taken).sum())},
    )


def list_split(
    manifest: Manifest, lists: Mapping[str, Path], *, name: str, excluded: Sequence[str] = ()
) -> Split:
    """The split that lists of files state.

    Args:
        manifest: the images.
        lists: part (train, validation, test) → text file with one name a line, or a csv whose first
            column is the name; or the single key `all` → a csv with the part in its last column.
            Names are matched by path, by folder and stem, or by stem.
        name: what to call it.
        excluded: names of images that take no part, whatever the lists say.

    Raises:
        DataError: a list cannot be read, names none of the images, or an image stands in two parts.
    """
    listed = _read_all(lists["all"]) if "all" in lists else _read_each(lists)
    found = {part: rows_of(listed.get(part, []), manifest.names) for part in PARTS}
    here = {part: np.unique(rows[rows >= 0]) for part, rows in found.items()}
    _check(manifest, here, listed)
    out = set(excluded)
    taken = np.array([name not in out for name in manifest.names])
    rows = {part: own[taken[own]] for part, own in here.items()}
    _check_train(manifest, rows["train"])
    count = sum(map(len, here.values()))
    left_out = {
        "excluded": count - sum(map(len, rows.values())),
        "in no list": len(manifest) - count,
        "listed but not here": sum(int((own < 0).sum()) for own in found.values()),
    }
    return Split(
        name=name,
        split_seed=0,
        validation_share=0.0,
        test_share=0.0,
        limit_per_class=None,
        fingerprint=manifest.fingerprint,
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
        test_role="given test",
        checked={**NOT_CHECKED, "positions": "as the official list has it"},
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _read_each(lists: Mapping[str, Path]) -> dict[str, list[str]]:
    listed = {}
    for key, path in lists.items():
        part = PART_NAMES.get(key.lower())
        if part is None:
            raise DataError(f"{key!r} is no part of a split; the parts are {', '.join(PARTS)}.")
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The list {path} cannot be read ({error}).") from error
        listed[part] = [line.split(",")[0].strip().strip('"') for line in lines if line.strip()]
    return listed


def _read_all(path: Path) -> dict[str, list[str]]:
    _, lines = read_table(path)
    listed: dict[str, list[str]] = {}
    for line in lines:
        part = PART_NAMES.get(line[-1].lower())
        if part is None:
            raise DataError(
                f"{path.name} calls a part {line[-1]!r} in its last column; the parts are {', '.join(PARTS)}."
            )
        listed.setdefault(part, []).append(line[0])
    return listed


def _check(manifest: Manifest, rows: Mapping[str, np.ndarray], listed: Mapping[str, list[str]]) -> None:
    for part, names in listed.items():
        if names and not len(rows[part]):
            raise DataError(
                f"The list for {part} names none of the images: it has {names[0]}, "
                f"the data set {manifest.names[0]}."
            )
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        both = np.intersect1d(rows[one], rows[other])
        if len(both):
            raise DataError(
                f"{manifest.names[both[0]]} stands in the lists for {one} and {other}, "
                f"and {len(both) - 1} more do."
            )


def _check_train(manifest: Manifest, train: np.ndarray) -> None:
    counts = np.bincount(manifest.labels[train], minlength=len(manifest.classes))
    if (counts == 0).any():
        raise DataError(
            f"The list for train has no image of class {manifest.classes[int(np.argmin(counts))]!r}."
        )
