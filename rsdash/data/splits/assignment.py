"""Give whole groups of images to parts so that each class keeps its shares as well as the groups allow."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rsdash.errors import DataError

ATTEMPTS = 20
"""Other orders of the groups that are tried until each class is in each part."""


def assign(
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    shares: Sequence[Fraction],
    seed: int,
    class_names: Sequence[str],
) -> np.ndarray:
    """The part of each image: stratified by class, never dividing a group.

    Groups of several images go first, the large before the small, each to the part where its classes
    lack the largest share; single images then fill each class up to its exact size (by largest
    remainder), in the order given. Without groups the sizes are exact. The same arguments give the same
    parts on every machine.

    Args:
        labels: class of each image, int64 (n,); the images of a class stand in random order.
        groups: group of each image, int64 (n,); images of one group stay together.
        shares: wanted share of each part; they add up to 1. A share of 0 gets nothing.
        seed: decides the order of the groups.
        class_names: for messages.

    Returns:
        Number of the part, int64 (n,).

    Raises:
        DataError: a class has too few images or groups for the parts.
    """
    wanted = [part for part, share in enumerate(shares) if share > 0]
    targets = np.array(
        [
            _part_sizes(int(count), shares, name)
            for count, name in zip(np.bincount(labels, minlength=len(class_names)), class_names, strict=True)
        ]
    )  # (K, P)
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    for attempt in range(ATTEMPTS):
        parts = _place_groups(labels, groups, sizes, targets=targets, seed=(seed, attempt))
        _place_singles(parts, labels, targets)
        missing = _missing(parts, labels, wanted, len(class_names))
        if missing is None:
            return parts
        if not (sizes > 1).any():
            break
    label = int(np.argmin([len(np.unique(groups[labels == label])) for label in range(len(class_names))]))
    count = len(np.unique(groups[labels == label]))
    raise DataError(
        f"The class {class_names[label]!r} lies in only {count} group{'s' * (count != 1)} that must not be "
        f"divided, too few to be in each of {len(wanted)} parts. Use smaller groups, or fewer parts."
    )


def _place_groups(
    labels: np.ndarray, groups: np.ndarray, sizes: np.ndarray, *, targets: np.ndarray, seed: tuple[int, int]
) -> np.ndarray:
    """Parts of the images in groups of several; -1 for the others."""
    parts = np.full(len(labels), -1, dtype=np.int64)
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        return parts
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    drawn = np.random.default_rng(seed).permutation(several)
    # of about the same size in random order, or the seed would decide nothing among unlike groups
    ordered = drawn[np.argsort(-np.floor(np.log2(sizes[drawn])), kind="stable")]
    have = np.zeros(targets.shape)
    weight = 1 / (np.maximum(targets.sum(1, keepdims=True), 1) * np.maximum(targets, 1e-9))  # (K, P)
    closed = targets.sum(0) == 0
    for group in ordered:
        counts = np.bincount(labels[members[group]], minlength=len(targets))[:, None]  # (K, 1)
        cost = (counts * (2 * (have - targets) + counts) * weight).sum(0)  # (P,)
        cost[closed] = np.inf
        part = int(np.argmin(cost))
        have[:, part] += counts[:, 0]
        parts[members[group]] = part
    return parts


def _place_singles(parts: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> None:
    for label, target in enumerate(targets):
        own = labels == label
        have = np.bincount(parts[own & (parts >= 0)], minlength=len(target))
        rows = np.flatnonzero(own & (parts < 0))
        needs = _fill(target - have)
        for part in reversed(range(len(target))):  # the first images are held out
            parts[rows[: needs[part]]] = part
            rows = rows[needs[part] :]


def _fill(needs: np.ndarray) -> np.ndarray:
    """What each part still gets, where some already hold more than their share."""
    needs = needs.copy()
    while needs.min() < 0:
        over = int(np.argmin(needs))
        surplus, needs[over] = needs[over], 0
        needs[int(np.argmax(needs))] += surplus
    return needs


def _missing(parts: np.ndarray, labels: np.ndarray, wanted: Sequence[int], classes: int) -> int | None:
    """A class that some wanted part lacks."""
    for part in wanted:
        counts = np.bincount(labels[parts == part], minlength=classes)
        if (counts == 0).any():
            return int(np.argmin(counts))
    return None


def _part_sizes(count: int, shares: Sequence[Fraction], class_name: str) -> list[int]:
    """Images for each part out of `count` (Hamilton's method, then one at least)."""
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
