"""Runs side by side: the study's Table 2, what differs between them, and which may be ranked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rsdash.config import RunConfig
from rsdash.evaluation.class_intervals import ClassIntervals, class_intervals
from rsdash.evaluation.figures import Figures
from rsdash.evaluation.saved import Evaluation


@dataclass(frozen=True)
class ReferenceRow:
    """A published result on other data: shown, but never ranked, differenced or tested."""

    model: str
    accuracy: float
    loss: float
    source: str


STUDY_SOURCE = "Zhang 2024, Table 2; its data set is not stated"
STUDY_TABLE_2 = (
    ReferenceRow("ResNet18", 0.6479, 1.1941, STUDY_SOURCE),
    ReferenceRow("AlexNet", 0.6023, 1.5666, STUDY_SOURCE),
)
IRRELEVANT = frozenset({"preset"})
"""Settings that change nothing about a run."""


@dataclass(frozen=True, eq=False)
class Contender:
    """One run in a comparison.

    Attributes:
        id: run id.
        name: what a person calls it.
        config: its settings.
        data: name of the data set behind its figures.
        fingerprint: of that data set.
        split: name of the split behind its figures.
        trained_on: images that it trained on; 0 where that is not known.
        part: the answers on its most trustworthy images, or None while it has none.
        figures: its figures on them.
        problem: why it has none, or empty.
    """

    id: str
    name: str
    config: RunConfig
    data: str = ""
    fingerprint: str = ""
    split: str = ""
    trained_on: int = 0
    part: Evaluation | None = None
    figures: Figures | None = None
    problem: str = ""

    @cached_property
    def images(self) -> str:
        """Identity of the images behind its figures: the same for two runs measured on the same ones."""
        rows = b"" if self.part is None else np.sort(self.part.rows).astype("<i8").tobytes()
        return hashlib.sha256(self.fingerprint.encode() + rows).hexdigest()

    @cached_property
    def class_intervals(self) -> ClassIntervals:
        """How well its figures of each class are known; worked out where they are looked at alone."""
        return class_intervals(self._sorted)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each image is right, bool of shape (n,), in the order of the data set's rows."""
        return self.answers == self.labels

    @cached_property
    def answers(self) -> np.ndarray:
        """Predicted labels, int64 of shape (n,), in the order of the data set's rows."""
        return self._sorted.logits.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """True labels in the same order."""
        return self._sorted.labels

    @property
    def rows(self) -> np.ndarray:
        """Rows of the data set's manifest, ascending."""
        return self._sorted.rows

    @property
    def groups(self) -> np.ndarray | None:
        """Group of each image in the same order; None where images are independent."""
        return self._sorted.groups

    @cached_property
    def _sorted(self) -> Evaluation:
        if self.part is None:
            raise ValueError(f"{self.id} has no answers; ask `figures` first")
        order = np.argsort(self.part.rows, kind="stable")
        part, groups = self.part, self.part.groups
        columns = (part.logits[order], part.labels[order], part.rows[order], part.roles[order])
        return Evaluation(*columns, part.classes, None if groups is None else groups[order])


def evaluated(contenders: Sequence[Contender]) -> list[Contender]:
    """Those that have figures."""
    return [contender for contender in contenders if contender.figures]


def comparable(first: Contender, second: Contender) -> bool:
    """Whether two runs were measured on the same images, in the same role."""
    if first.figures is None or second.figures is None:
        return False
    return first.figures.role == second.figures.role and first.images == second.images


def why_not_ranked(contenders: Sequence[Contender]) -> str:
    """Why the figures of these runs must not be ranked against each other; empty if they may.

    Figures are comparable when they were computed on the same images and these had the same role.
    """
    measured = evaluated(contenders)
    if len(measured) < 2:
        return "Fewer than two of these runs have been evaluated."
    roles = {contender.figures.role for contender in measured if contender.figures}
    if len(roles) > 1:
        return (
            f"These figures have unlike roles ({' and '.join(sorted(roles))}), so they are not ranked: "
            "images that an epoch was selected on flatter a model."
        )
    if len({contender.images for contender in measured}) > 1:
        differ = _how_they_differ(measured)
        return f"These runs were measured on different images{differ}, so they are not ranked."
    return ""


def differing_settings(configs: Mapping[str, RunConfig]) -> dict[str, dict[str, Any]]:
    """Settings that are not the same in all runs: setting → (run → value).

    Args:
        configs: run → its settings.
    """
    differing = {}
    for name in RunConfig.model_fields:
        values = {run: getattr(config, name) for run, config in configs.items()}
        if name not in IRRELEVANT and len(set(values.values())) > 1:
            differing[name] = values
    return differing


def best_of(contenders: Sequence[Contender]) -> Contender | None:
    """The run with the highest accuracy, or None where they may not be ranked or tie."""
    if why_not_ranked(contenders):
        return None
    ranked = sorted(evaluated(contenders), key=accuracy_of, reverse=True)
    return ranked[0] if accuracy_of(ranked[0]) > accuracy_of(ranked[1]) else None


def accuracy_of(contender: Contender) -> float:
    """Its overall accuracy; -1 where it has none."""
    return contender.figures.accuracy if contender.figures else -1.0


def _how_they_differ(measured: Sequence[Contender]) -> str:
    """What tells the sets of images apart, in words."""
    if len({contender.data for contender in measured}) > 1:
        return f" (data sets {', '.join(sorted({contender.data for contender in measured}))})"
    if len({contender.fingerprint for contender in measured}) > 1:
        return " (the data set's files changed between them)"
    splits = sorted({contender.split for contender in measured})
    return f" (splits {', '.join(splits[:4])})" if len(splits) > 1 else ""
