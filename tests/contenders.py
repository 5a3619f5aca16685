"""Runs with made-up answers, for tests of what may be said of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsdash.config import RunConfig
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import Evaluation


def answered(
    name: str,
    right: np.ndarray,
    *,
    role: str = "held-out",
    rows: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    fingerprint: str = "print",
    split: str = "80-20-seed0",
    split_setting: str | None = None,
    **settings: Any,
) -> Contender:
    """A run that is right on the images where `right` is true, of two classes in turn.

    `split` names the images that it was measured on, `split_setting` the split that was asked for.
    """
    count = len(right)
    labels = np.arange(count) % 2
    logits = np.zeros((count, 2), dtype=np.float32)
    logits[np.arange(count), np.where(right, labels, 1 - labels)] = 2.0
    rows = np.arange(count) if rows is None else rows
    part = Evaluation(logits, labels, rows, np.full(count, role), ("a", "b"), groups)
    return Contender(
        id=name,
        name=name,
        config=RunConfig(**settings, split=split_setting),
        data="tiles",
        fingerprint=fingerprint,
        split=split,
        part=part,
        figures=figures_for(part),
    )


def share_right(count: int, wrong: int, *, shift: int = 0) -> np.ndarray:
    """True but for `wrong` places in a row, the first of them at `shift`."""
    right = np.ones(count, dtype=bool)
    right[np.arange(shift, shift + wrong) % count] = False
    return right


def unanswered(name: str, problem: str = "") -> Contender:
    """A run without figures."""
    return Contender(id=name, name=name, config=RunConfig(), problem=problem)
