"""Make splits: by shares, or in folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from rsdash.config.folds import Fold, fold_name
from rsdash.data.manifest import Manifest
from rsdash.data.splits.assignment import assign
from rsdash.data.splits.blocks import too_near
from rsdash.data.splits.grouping import Grouping, short_digest
from rsdash.data.splits.split import NOT_CHECKED, PARTS, Split
from rsdash.errors import DataError

TRAIN, VALIDATION, TEST = range(len(PARTS))
MAX_FOLDS = 20


def make_split(
    manifest: Manifest,
    *,
    validation_share: float,
    test_share: float,
    split_seed: int,
    limit_per_class: int | None = None,
    grouping: Grouping | None = None,
    excluded: Sequence[str] = (),
    name: str | None = None,
) -> Split:
    """Split each class by the shares: stratified, groups undivided.

    The same arguments give the same rows on every machine. Excluded images are left out first, then the
    per-class limit is applied.

    Args:
        manifest: the images.
        validation_share: share of the images for validation.
        test_share: share of the images held out.
        split_seed: decides which.
        limit_per_class: images of a class at most.
        grouping: what must stay together, and how far apart parts must be.
        excluded: names of images that take no part.
        name: what to call it; None says how it was made.

    Raises:
        DataError: a class is too small, or lies in too few groups, to give every part one image.
    """
    shares = _exact_shares(validation_share, test_share)
    rows, left_out = _candidates(manifest, split_seed, limit_per_class, excluded)
    groups = _groups(grouping, rows)
    parts = assign(
        manifest.labels[rows], groups, shares=shares, seed=split_seed, class_names=manifest.classes
    )
    named = shares if validation_share else (shares[TRAIN], shares[TEST])
    percents = "-".join(_percent(share) for share in named)
    made = f"{percents}-seed{split_seed}{name_suffix(limit_per_class, grouping, excluded)}"
    return _split(
        manifest,
        [np.sort(rows[parts == part]) for part in range(len(PARTS))],
        name=name or made,
        split_seed=split_seed,
        shares=(validation_share, test_share),
        limit_per_class=limit_per_class,
        grouping=grouping,
        left_out=left_out,
    )


def make_folds(
    manifest: Manifest,
    folds: int,
    *,
    split_seed: int,
    validation_share: float = 0.0,
    limit_per_class: int | None = None,
    grouping: Grouping | None = None,
    excluded: Sequence[str] = (),
    name: str | None = None,
) -> list[Split]:
    """k splits, in which each image is held out exactly once.

    Args:
        manifest: the images.
        folds: number k of parts, from 2 to 20.
        split_seed: decides which images form a fold.
        validation_share: share of the rest of each fold for validation.
        limit_per_class: images of a class at most.
        grouping: what must stay together, and how far apart parts must be.
        excluded: names of images that take no part.
        name: what their names begin with; None says how they were made.

    Raises:
        DataError: a number of folds out of range, or a class with too few images or groups.
    """
    if not 2 <= folds <= MAX_FOLDS:
        raise DataError(f"folds={folds} is out of range; from 2 to {MAX_FOLDS} are possible.")
    rows, left_out = _candidates(manifest, split_seed, limit_per_class, excluded)
    groups, labels = _groups(grouping, rows), manifest.labels[rows]
    common = {"seed": split_seed, "class_names": manifest.classes}
    fold_of = assign(labels, groups, shares=[Fraction(1, folds)] * folds, **common)
    stem = name or f"seed{split_seed}{name_suffix(limit_per_class, grouping, excluded)}"
    inner = _exact_shares(validation_share, 0)
    made = []
    for fold in range(folds):
        rest = fold_of != fold
        parts = np.full(len(rows), TEST)
        parts[rest] = assign(labels[rest], groups[rest], shares=inner, **common)
        made.append(
            _split(
                manifest,
                [np.sort(rows[parts == part]) for part in range(len(PARTS))],
                name=fold_name(Fold(stem, fold + 1, folds)),
                split_seed=split_seed,
                shares=(validation_share, 1 / folds),
                limit_per_class=limit_per_class,
                grouping=grouping,
                left_out=left_out,
            )
        )
    return made


def _candidates(
    manifest: Manifest, split_seed: int, limit_per_class: int | None, excluded: Sequence[str]
) -> tuple[np.ndarray, dict[str, int]]:
    """Rows that take part, class by class in random order, and how many were left out by hand."""
    out = set(excluded)
    rows = np.flatnonzero([name not in out for name in manifest.names])
    left_out = {"excluded": len(manifest) - len(rows)} if len(rows) < len(manifest) else {}
    return shuffled(rows, manifest, split_seed, limit_per_class), left_out


def limit_train(split: Split, manifest: Manifest, limit: int) -> Split:
    """The same split with at most `limit` training images of each class; what is measured on stays."""
    rows = np.sort(shuffled(split.train, manifest, split.split_seed, limit))
    return replace(split, name=f"{split.name}-limit{limit}", train=rows, limit_per_class=limit)


def shuffled(rows: np.ndarray, manifest: Manifest, split_seed: int, limit: int | None) -> np.ndarray:
    """The rows class by class, each class in an order that the seed decides, `limit` of a class at most."""
    labels = manifest.labels[rows]
    by_class = (rows[labels == label] for label in range(len(manifest.classes)))
    return np.concatenate(
        [
            np.random.default_rng((split_seed, label)).permutation(own)[:limit]
            for label, own in enumerate(by_class)
        ]
    )


def _groups(grouping: Grouping | None, rows: np.ndarray) -> np.ndarray:
    return rows if grouping is None else grouping.ids[rows]


def _split(
    manifest: Manifest,
    parts: Sequence[np.ndarray],
    *,
    name: str,
    split_seed: int,
    shares: tuple[float, float],
    limit_per_class: int | None,
    grouping: Grouping | None,
    left_out: dict[str, int],
) -> Split:
    train, validation, test = parts
    if grouping and grouping.buffer_m:
        near_test = too_near(manifest, validation, test, grouping.buffer_m)
        near = too_near(manifest, train, np.concatenate([validation, test]), grouping.buffer_m)
        left_out = {**left_out, "between blocks": int(near.sum() + near_test.sum())}
        train, validation = train[~near], validation[~near_test]
        _check_train(manifest, train)
    groups = _groups(grouping, np.concatenate([train, validation, test]))
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    together = int((counts[inverse] > 1).sum())
    return Split(
        name=name,
        split_seed=split_seed,
        validation_share=shares[0],
        test_share=shares[1],
        limit_per_class=limit_per_class,
        fingerprint=manifest.fingerprint,
        train=train,
        validation=validation,
        test=test,
        checked={**_unchecked(manifest), **(grouping.checked if grouping else {})},
        kept_together=together,
        left_out=left_out,
        test_groups=grouping.ids[test] if grouping and together else np.empty(0, dtype=np.int64),
    )


def _unchecked(manifest: Manifest) -> dict[str, str]:
    unused = {"positions": "known, not used: neighbours may sit on both sides"}
    return {**NOT_CHECKED, **(unused if manifest.has_positions else {})}


def _check_train(manifest: Manifest, train: np.ndarray) -> None:
    counts = np.bincount(manifest.labels[train], minlength=len(manifest.classes))
    if (counts == 0).any():
        raise DataError(
            f"No image of class {manifest.classes[int(np.argmin(counts))]!r} is left to train on once those "
            "near other parts are left out. Use larger blocks or a smaller gap."
        )


def _exact_shares(validation_share: float, test_share: float) -> tuple[Fraction, Fraction, Fraction]:
    validation, test = Fraction(str(validation_share)), Fraction(str(test_share))
    return 1 - validation - test, validation, test


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g}".replace(".", "p")


def name_suffix(limit_per_class: int | None, grouping: Grouping | None, excluded: Sequence[str]) -> str:
    """What a split's name says beyond its shares."""
    pieces = [
        "" if limit_per_class is None else f"-limit{limit_per_class}",
        "" if grouping is None else f"-{grouping.suffix}",
        f"-without-{short_digest(sorted(excluded))}" if excluded else "",
    ]
    return "".join(pieces)
