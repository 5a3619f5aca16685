"""Runs side by side: the study's Table 2, what differs between them, and whether they may be ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsdash.config import RunConfig
from rsdash.evaluation.figures import Figures


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


@dataclass(frozen=True)
class Contender:
    """One run in a comparison.

    Attributes:
        id: run id.
        name: what a person calls it.
        config: its settings.
        images: identity of the images behind its figures: fingerprint of the data set and split.
        figures: its figures, or None while it has none.
        problem: why it has none, or empty.
    """

    id: str
    name: str
    config: RunConfig
    images: tuple[str, str]
    figures: Figures | None
    problem: str = ""


def why_not_ranked(contenders: Sequence[Contender]) -> str:
    """Why the figures of these runs must not be ranked against each other; empty if they may.

    Figures are comparable when they were computed on the same images and these had the same role.
    """
    measured = [contender for contender in contenders if contender.figures]
    if len(measured) < 2:
        return "Fewer than two of these runs have been evaluated."
    if len({contender.images for contender in measured}) > 1:
        return "These runs were measured on different images, so their figures are not ranked."
    roles = {contender.figures.role for contender in measured if contender.figures}
    if len(roles) > 1:
        return (
            f"These figures have unlike roles ({', '.join(sorted(roles))}), so they are not ranked: "
            "images that an epoch was selected on flatter a model."
        )
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
    measured = [contender for contender in contenders if contender.figures]
    ranked = sorted(measured, key=_accuracy, reverse=True)
    return ranked[0] if _accuracy(ranked[0]) > _accuracy(ranked[1]) else None


def _accuracy(contender: Contender) -> float:
    return contender.figures.accuracy if contender.figures else -1.0
