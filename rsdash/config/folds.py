"""How the splits of one k-fold are told from others: by a name that is made and read here."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"(?P<stem>.+)-fold(?P<fold>\d+)of(?P<folds>\d+)(?P<rest>-limit\d+)?")


class Fold(NamedTuple):
    """One of the splits of a k-fold.

    Attributes:
        stem: what the splits of this k-fold share.
        fold: from 1.
        folds: k.
    """

    stem: str
    fold: int
    folds: int


def fold_name(fold: Fold) -> str:
    """Name of the split."""
    return f"{fold.stem}-fold{fold.fold}of{fold.folds}"


def fold_of(split: str) -> Fold | None:
    """Which fold a split of that name is; None for a split that is none."""
    found = _NAME.fullmatch(split)
    if not found:
        return None
    return Fold(found["stem"] + (found["rest"] or ""), int(found["fold"]), int(found["folds"]))
