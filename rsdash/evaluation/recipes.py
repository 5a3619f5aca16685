"""Runs of one recipe: those that differ by seed alone, or by the fold of one k-fold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rsdash.config import RunConfig, as_text, make_config
from rsdash.config.folds import fold_of
from rsdash.evaluation.comparison import Contender, accuracy_of, comparable, differing_settings, evaluated
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import Evaluation
from rsdash.evaluation.seeds import (
    FEWEST_SEEDS,
    GroupDifference,
    SeedSummary,
    corrected_folds,
    summarize_seeds,
    welch,
)

NEUTRAL = ("preset", "seed", "device", "threads", "checkpoint_minutes")
"""Settings that do not make another recipe."""

_COLUMNS = ("logits", "labels", "rows", "roles")


@dataclass(frozen=True, eq=False)
class Recipe:
    """Runs that repeat one recipe, one a seed or one a fold.

    Attributes:
        label: what tells it from the others, such as `resnet18`.
        members: its runs by seed, or by fold.
        folds: number k of the folds that they belong to; 0 where they share their test images.
        repeated: runs left out, as another one of the same seed and fold is a member.
    """

    label: str
    members: tuple[Contender, ...]
    folds: int = 0
    repeated: tuple[Contender, ...] = ()

    @property
    def accuracies(self) -> list[float]:
        """Overall accuracy of each member, or mean accuracy of each fold."""
        if not self.folds:
            return [accuracy_of(member) for member in self.members]
        return [_mean(values) for values in self.by_fold().values()]

    @property
    def summary(self) -> SeedSummary:
        """Mean and spread of the accuracies."""
        return summarize_seeds(self.accuracies, test_to_train=self.test_to_train)

    @property
    def test_to_train(self) -> float:
        """Of folds, their test images over the images that their runs trained on, in the mean; else 0."""
        if not self.folds:
            return 0.0
        ratios = [
            member.figures.images / member.trained_on
            for member in self.members
            if member.figures and member.trained_on
        ]
        return _mean(ratios) if ratios else 1 / (self.folds - 1)

    def by_fold(self) -> dict[int, list[float]]:
        """Fold → accuracies of its runs, by fold."""
        found: dict[int, list[float]] = {}
        for member in self.members:
            fold = fold_of(member.split)
            found.setdefault(fold.fold if fold else 0, []).append(accuracy_of(member))
        return dict(sorted(found.items()))

    @property
    def unit(self) -> str:
        """What its accuracies are counted in: `seeds` or `folds`."""
        return "folds" if self.folds else "seeds"


def find_recipes(contenders: Sequence[Contender]) -> list[Recipe]:
    """Evaluated runs by recipe, in the order of their first run.

    Runs belong together where their settings differ by seed at most, and their figures come from the same
    images in the same role, or from the folds of one k-fold.
    """
    found: dict[tuple[Any, ...], list[Contender]] = {}
    for contender in evaluated(contenders):
        found.setdefault(_key(contender), []).append(contender)
    groups = list(found.values())
    labels = _labels([_without_fold(group[0].config) for group in groups])
    return [_recipe(label, group) for label, group in zip(labels, groups, strict=True)]


def compared_recipes(first: Recipe, second: Recipe) -> GroupDifference | None:
    """First minus second in accuracy; None where they may not be compared or repeats are too few.

    Seeds that share their test images: Welch's t test. Folds of one k-fold: the corrected resampled t test
    over the differences of each fold (Nadeau and Bengio 2003).
    """
    if why_recipes_not_compared(first, second):
        return None
    if not first.folds:
        return welch(first.accuracies, second.accuracies)
    ours, theirs = first.by_fold(), second.by_fold()
    differences = [_mean(ours[fold]) - _mean(theirs[fold]) for fold in ours]
    return corrected_folds(differences, test_to_train=_mean([first.test_to_train, second.test_to_train]))


def why_recipes_not_compared(first: Recipe, second: Recipe) -> str:
    """Why no verdict on two recipes is possible; empty if it is."""
    ours, theirs = first.members[0], second.members[0]
    if ours.figures and theirs.figures and ours.figures.role != theirs.figures.role:
        return f"{first.label} and {second.label} have figures of unlike roles."
    if bool(first.folds) != bool(second.folds) or _place(ours) != _place(theirs):
        return f"{first.label} and {second.label} were measured on different images."
    if first.folds and first.by_fold().keys() != second.by_fold().keys():
        return f"{first.label} and {second.label} do not have the same folds."
    fewest = min((first, second), key=lambda recipe: len(recipe.accuracies))
    if len(fewest.accuracies) < FEWEST_SEEDS:
        return (
            f"Whether a recipe is better takes at least {FEWEST_SEEDS} {fewest.unit} each; {fewest.label} "
            f"has {len(fewest.accuracies)}."
        )
    return ""


def partners(contenders: Sequence[Contender]) -> dict[Contender, list[Contender]]:
    """Evaluated runs → the others that were measured on the same images in the same role, if any.

    The most accurate run comes first; of its partners those of another recipe, and of these the most
    accurate. So the first run and its first partner are the two that say most side by side.
    """
    ranked = sorted(evaluated(contenders), key=accuracy_of, reverse=True)
    keys = {one: _key(one) for one in ranked}
    found = {
        one: [other for other in ranked if other is not one and comparable(one, other)] for one in ranked
    }
    return {
        one: sorted(others, key=lambda run: keys[run] == keys[one]) for one, others in found.items() if others
    }


def out_of_fold(recipe: Recipe) -> Contender | None:
    """The answers of a k-fold put together, each image answered by the run that did not train on it.

    Of several seeds, the first of each fold counts. None where the recipe has no folds, or not all of them.
    Its figures are those of k trained models, so they make matrices and tables, but no test of two models.
    """
    first: dict[str, Contender] = {}
    for member in recipe.members:
        first.setdefault(member.split, member)
    parts = [member.part for member in first.values() if member.part]
    if not recipe.folds or len(parts) != recipe.folds:
        return None
    logits, labels, rows, roles = (
        np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS
    )
    groups = [part.groups for part in parts if part.groups is not None]
    shared = np.concatenate(groups) if len(groups) == len(parts) else None
    part = Evaluation(logits, labels, rows, roles, parts[0].classes, shared)
    name = f"{recipe.label}, out of fold"
    example = recipe.members[0]
    return replace(example, id=name, name=name, part=part, figures=figures_for(part))


def _key(contender: Contender) -> tuple[Any, ...]:
    config = _without_fold(contender.config)
    settings = tuple((name, getattr(config, name)) for name in RunConfig.model_fields if name not in NEUTRAL)
    role = contender.figures.role if contender.figures else ""
    return settings, role, _place(contender)


def _without_fold(config: RunConfig) -> RunConfig:
    """The settings with the k-fold in place of one of its splits."""
    fold = fold_of(config.split or "")
    return config.model_copy(update={"split": f"{fold.stem}, {fold.folds} folds"}) if fold else config


def _place(contender: Contender) -> tuple[str, str]:
    """The images, or the k-fold that they are part of."""
    fold = fold_of(contender.split)
    return contender.fingerprint, f"{fold.stem} of {fold.folds}" if fold else contender.images


def _recipe(label: str, group: Iterable[Contender]) -> Recipe:
    members: dict[tuple[int, int], Contender] = {}
    repeated = []
    folds = 0
    for contender in group:
        fold = fold_of(contender.split)
        folds = fold.folds if fold else 0
        place = (fold.fold if fold else 0, contender.config.seed)
        if place in members:
            repeated.append(contender)
        else:
            members[place] = contender
    return Recipe(label, tuple(members[place] for place in sorted(members)), folds, tuple(repeated))


def _labels(configs: Sequence[RunConfig]) -> list[str]:
    """Preset, model and settings that tell recipes apart; numbered where that is not enough."""
    told, presets = _told(configs), {config.preset for config in configs}
    usual = {preset: make_config({}, preset=preset) for preset in presets}
    kin = {preset: _told([one for one in configs if one.preset == preset]) for preset in presets}
    labels = []
    for config in configs:
        own = config.changed_from(usual[config.preset]) if len(presets) > 1 else {}
        names = [name for name in told if name in kin[config.preset] or name in own]
        start = config.model if len(presets) == 1 else f"{config.preset} ({config.model})"
        labels.append(", ".join([start, *(f"{name}={as_text(getattr(config, name))}" for name in names)]))
    return [
        label if labels.count(label) == 1 else f"{label} ({place})"
        for place, label in enumerate(labels, start=1)
    ]


def _told(configs: Sequence[RunConfig]) -> list[str]:
    """Settings by which these differ, without the model."""
    differing = differing_settings({str(place): config for place, config in enumerate(configs)})
    return [name for name in differing if name not in (*NEUTRAL, "model")]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
