"""What an audit found, in plain words and the worst first: the same on the page and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rsdash.data.audit.result import Audit, Rows

IMBALANCED_RATIO = 3.0
"""Images of the largest class to those of a small one, from which a set counts as imbalanced."""


class Kind(StrEnum):
    """Kinds of findings, the worst first; the value is a short name."""

    LABELS = "two labels"
    COPIES = "copies"
    NEAR = "near-duplicates"
    REFUSED = "unreadable"
    SIZES = "unusual size"
    MODES = "unusual pixels"
    BLANK = "blank"
    UNIFORM = "too uniform"
    IMBALANCE = "imbalance"


class Pair(NamedTuple):
    """Two images that show the same.

    Attributes:
        first: row of the manifest.
        second: a larger row.
        symmetry: number of the symmetry that maps `second` onto `first`.
        difference: mean absolute difference of their pixels under it, grey levels of 255.
        same_bytes: the two files are equal byte for byte.
    """

    first: int
    second: int
    symmetry: int
    difference: float
    same_bytes: bool


@dataclass(frozen=True)
class Finding:
    """One kind of trouble.

    Attributes:
        kind: which.
        count: pairs, images, files or classes, as the title says.
        title: what was found, without the number: `pairs of files are copies`.
        why: why it matters and what can be done, one or two sentences.
        pairs: to look at side by side; each stands in one finding only.
        rows: images to look at one by one.
    """

    kind: Kind
    count: int
    title: str
    why: str
    pairs: tuple[Pair, ...] = ()
    rows: Rows = ()


_WORDS: dict[Kind, tuple[str, str, str]] = {
    Kind.LABELS: (
        "pair shows one image under two classes",
        "pairs show one image under two classes",
        "At least one of the two labels is wrong, so a model is punished for being right. "
        "Exclude the wrong one, or both where you cannot tell.",
    ),
    Kind.COPIES: (
        "pair of images of one class is the same pixel for pixel",
        "pairs of images of one class are the same pixel for pixel",
        "A copy adds nothing to learn from, and one that stands in the test images too is an answer given "
        "away. Splits made after this audit keep copies on one side.",
    ),
    Kind.NEAR: (
        "pair of images of one class is nearly the same",
        "pairs of images of one class are nearly the same",
        "They differ by a turn, a mirror, compression or a little brightness, so a test image may as good as "
        "have been trained on. Splits made after this audit keep them on one side.",
    ),
    Kind.REFUSED: (
        "file cannot be used",
        "files cannot be used",
        "They take no part in anything. Replace them and add the data set again, or leave them.",
    ),
    Kind.SIZES: (
        "image has an unusual size",
        "images have an unusual size",
        "All images are brought to one size, so what these show is seen at another scale than the rest.",
    ),
    Kind.MODES: (
        "image has another kind of pixel than the rest",
        "images have another kind of pixel than the rest",
        "A few images without colour, or with other bands, come from another source as a rule; "
        "a model may learn the source in place of the class.",
    ),
    Kind.BLANK: (
        "image is blank",
        "images are blank",
        "Nearly all of it has one grey level, as beyond the edge of a scene: there is no class to see.",
    ),
    Kind.UNIFORM: (
        "image is too uniform to judge",
        "images are too uniform to judge",
        "Noise outweighs what they show, as over open water, so that no one can tell whether two of them are "
        "the same. They were compared by exact pixels only.",
    ),
    Kind.IMBALANCE: (
        "class has at most a third of the images of the largest",
        "classes have at most a third of the images of the largest",
        "Overall accuracy hides how a model does on small classes: look at the accuracy of each class.",
    ),
}
"""Kind → title of one, title of several, why it matters."""


def findings(audit: Audit, labels: np.ndarray) -> list[Finding]:
    """What was found, the worst first; kinds of which there is nothing are left out.

    Args:
        audit: of the manifest that the labels belong to.
        labels: class of each row, int64 (N,).
    """
    pairs = alike(audit)
    torn = [pair for pair in pairs if labels[pair.first] != labels[pair.second]]
    agreeing = [pair for pair in pairs if labels[pair.first] == labels[pair.second]]
    exact = {(row, images.rows[0]) for images in audit.identical for row in images.rows[1:]}
    copies = [pair for pair in agreeing if (pair.second, pair.first) in exact]
    near = [pair for pair in agreeing if (pair.second, pair.first) not in exact]
    found = [
        _of_pairs(Kind.LABELS, torn),
        _of_pairs(Kind.COPIES, copies),
        _of_pairs(Kind.NEAR, near),
        _finding(Kind.REFUSED, len(audit.refused)),
        _of_rows(Kind.SIZES, audit.size_outliers),
        _of_rows(Kind.MODES, audit.mode_outliers),
        _of_rows(Kind.BLANK, audit.blank),
        _of_rows(Kind.UNIFORM, audit.too_uniform),
        _imbalance(audit),
    ]
    return [finding for finding in found if finding.count]


def alike(audit: Audit) -> list[Pair]:
    """Pairs that show the same: copies first, each with the first of its kind; then near-duplicates.

    They link each of the audit's groups. The second of a pair is never the first row of its group, so
    that excluding all seconds keeps one image of each group.
    """
    copies = [
        Pair(images.rows[0], row, 0, 0.0, images.same_bytes)
        for images in audit.identical
        for row in images.rows[1:]
    ]
    near = [Pair(pair.first, pair.second, pair.symmetry, pair.difference, False) for pair in audit.near]
    return [*copies, *near]


def small_classes(audit: Audit) -> tuple[str, ...]:
    """Classes with at most a third of the images of the largest."""
    largest = max(audit.counts.values())
    return tuple(name for name, count in audit.counts.items() if count * IMBALANCED_RATIO <= largest)


def _of_pairs(kind: Kind, pairs: Sequence[Pair]) -> Finding:
    return _finding(kind, len(pairs), pairs=tuple(pairs))


def _of_rows(kind: Kind, rows: Rows) -> Finding:
    return _finding(kind, len(rows), rows=rows)


def _imbalance(audit: Audit) -> Finding:
    """With the sizes that it is about."""
    finding = _finding(Kind.IMBALANCE, len(small_classes(audit)))
    smallest, largest = (chosen(audit.counts, key=audit.counts.__getitem__) for chosen in (min, max))
    sizes = ", ".join(f"{name} has {audit.counts[name]:,}" for name in (largest, smallest))
    return replace(finding, why=f"{sizes}. {finding.why}")


def _finding(kind: Kind, count: int, *, pairs: tuple[Pair, ...] = (), rows: Rows = ()) -> Finding:
    one, several, why = _WORDS[kind]
    return Finding(kind, count, one if count == 1 else several, why, pairs, rows)
