"""Which images train, validate and test: named, immutable, stratified."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rsdash.data.manifest import Manifest
from rsdash.errors import DataError, DataNotFoundError
from rsdash.files import write_text

TestRole = Literal["held-out", "given test"]

PARTS = ("train", "validation", "test")
NOT_CHECKED = {"duplicates": "not checked", "positions": "unknown"}
"""What is known about neighbours and near-duplicates on both sides of a split."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a manifest for each part.

    Attributes:
        name: what it is stored as.
        split_seed: decides which images are held out.
        validation_share: share of the images for validation; 0 in a given split.
        test_share: share of the images held out; 0 in a given split.
        limit_per_class: images of a class at most, or None.
        fingerprint: of the manifest that the rows point into.
        train: sorted rows, int64.
        validation: sorted rows, int64; may be empty.
        test: sorted rows, int64; may be empty.
        test_role: held out by rsdash, or given by the data set's folders.
        checked: what was checked about duplicates and positions.
    """

    name: str
    split_seed: int
    validation_share: float
    test_share: float
    limit_per_class: int | None
    fingerprint: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    test_role: TestRole = "held-out"
    checked: dict[str, str] = field(default_factory=lambda: dict(NOT_CHECKED))

    def __post_init__(self) -> None:
        for part in PARTS:
            getattr(self, part).setflags(write=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {**self.__dict__, **{part: getattr(self, part).tolist() for part in PARTS}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Split:
        """Read what `to_json` made."""
        return cls(**{**content, **{part: np.asarray(content[part], dtype=np.int64) for part in PARTS}})


def make_split(
    manifest: Manifest,
    *,
    validation_share: float,
    test_share: float,
    split_seed: int,
    limit_per_class: int | None = None,
) -> Split:
    """Split each class by the shares: stratified, rounded by largest remainder.

    The same arguments give the same rows on every machine. A per-class limit is applied first.

    Raises:
        DataError: a class is too small to give every part one image.
    """
    shares = _exact_shares(validation_share, test_share)
    chosen: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    for label, class_name in enumerate(manifest.classes):
        rows = _shuffled(np.flatnonzero(manifest.labels == label), split_seed, label)[:limit_per_class]
        sizes = _part_sizes(len(rows), shares, class_name)
        test, validation, train = np.split(rows, [sizes[2], sizes[2] + sizes[1]])
        for part, some in zip(PARTS, (train, validation, test), strict=True):
            chosen[part].append(some)
    named = shares if validation_share else (shares[0], shares[2])
    percents = "-".join(_percent(share) for share in named)
    return Split(
        name=f"{percents}-seed{split_seed}{_limit_suffix(limit_per_class)}",
        split_seed=split_seed,
        validation_share=validation_share,
        test_share=test_share,
        limit_per_class=limit_per_class,
        fingerprint=manifest.fingerprint,
        train=_sorted_rows(chosen["train"]),
        validation=_sorted_rows(chosen["validation"]),
        test=_sorted_rows(chosen["test"]),
    )


def given_split(manifest: Manifest, *, split_seed: int = 0, limit_per_class: int | None = None) -> Split:
    """The split that the data set's own train/val/test folders make; the limit applies within train.

    Raises:
        DataError: the data set has no such folders.
    """
    if not manifest.has_given_split:
        raise DataError("The data set has no train, val and test folders; choose shares instead.")
    roles = np.asarray(manifest.roles)
    train = np.flatnonzero(roles == "train")
    if limit_per_class is not None:
        labels = manifest.labels[train]
        by_class = (
            _shuffled(train[labels == label], split_seed, label) for label in range(len(manifest.classes))
        )
        train = _sorted_rows([rows[:limit_per_class] for rows in by_class])
    suffix = f"-seed{split_seed}{_limit_suffix(limit_per_class)}" if limit_per_class is not None else ""
    return Split(
        name=f"given{suffix}",
        split_seed=split_seed,
        validation_share=0.0,
        test_share=0.0,
        limit_per_class=limit_per_class,
        fingerprint=manifest.fingerprint,
        train=train,
        validation=np.flatnonzero(roles == "validation"),
        test=np.flatnonzero(roles == "test"),
        test_role="given test",
    )


def save_split(split: Split, folder: Path) -> None:
    """Store a split under its name; storing the same again changes nothing.

    Raises:
        DataError: another split of that name is stored.
        StorageError: the disk is full or the place cannot be written.
    """
    path = folder / f"{split.name}.json"
    if path.exists():
        if load_split(split.name, folder).to_json() != split.to_json():
            raise DataError(
                f"There is already a split called {split.name!r} with other images; splits never change. "
                "Choose another name."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(split.to_json(), separators=(",", ":")))


def load_split(name: str, folder: Path) -> Split:
    """Read a stored split.

    Raises:
        DataNotFoundError: none of that name is stored.
        DataError: the file is damaged.
    """
    if name not in split_names(folder):
        known = ", ".join(split_names(folder)) or "none yet"
        raise DataNotFoundError(f"The data set has no split {name!r} for its present files. Stored: {known}.")
    path = folder / f"{name}.json"
    try:
        return Split.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"The split {path} is damaged ({error}). Remove the file to make it anew.") from error


def split_names(folder: Path) -> list[str]:
    """Names of the stored splits, sorted."""
    return sorted(path.stem for path in folder.glob("[!.]*.json"))


def _exact_shares(validation_share: float, test_share: float) -> tuple[Fraction, Fraction, Fraction]:
    validation, test = Fraction(str(validation_share)), Fraction(str(test_share))
    return 1 - validation - test, validation, test


def _part_sizes(count: int, shares: Sequence[Fraction], class_name: str) -> list[int]:
    """Images for train, validation and test out of `count` (Hamilton's method, then one at least)."""
    wanted = [part for part, share in enumerate(shares) if share > 0]
    if count < len(wanted):
        raise DataError(
            f"The class {class_name!r} has {count} usable image{'s' * (count != 1)}, too few to give each of "
            f"{len(wanted)} parts one. Add images, remove the class, or set a share to 0."
        )
    quotas = [count * share for share in shares]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(wanted, key=lambda part: sizes[part] - quotas[part])
    for part in by_remainder[: count - sum(sizes)]:
        sizes[part] += 1
    for part in wanted:
        if sizes[part] == 0:
            sizes[sizes.index(max(sizes))] -= 1
            sizes[part] = 1
    return sizes


def _shuffled(rows: np.ndarray, split_seed: int, label: int) -> np.ndarray:
    return np.random.default_rng((split_seed, label)).permutation(rows)


def _sorted_rows(pieces: Sequence[np.ndarray]) -> np.ndarray:
    return np.sort(np.concatenate(pieces)).astype(np.int64)


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g}".replace(".", "p")


def _limit_suffix(limit_per_class: int | None) -> str:
    return "" if limit_per_class is None else f"-limit{limit_per_class}"
