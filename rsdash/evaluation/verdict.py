"""The answer of a comparison in sentences that the numbers support, and the tests behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from rsdash.evaluation.comparison import (
    Contender,
    accuracy_of,
    comparable,
    differing_settings,
    evaluated,
    why_not_ranked,
)
from rsdash.evaluation.pairs import PairedDifference, holm, paired_difference
from rsdash.evaluation.recipes import Recipe, compared_recipes, find_recipes, why_recipes_not_compared
from rsdash.evaluation.roles import Role
from rsdash.evaluation.seeds import GroupDifference
from rsdash.evaluation.wording import (
    alone_in_words,
    images_in_words,
    leader_in_words,
    pair_in_words,
    power_in_words,
    recipes_in_words,
)

LEVEL = 0.05
MOST_PAIRS = 300
"""Pairs tested at most; beyond, only those with the best run."""


class Finding(StrEnum):
    """What kind of sentence a comparison supports."""

    RECIPES_DIFFER = "recipes differ"
    """One recipe is better than another, over seeds or folds."""
    MODELS_DIFFER = "models differ"
    """Two trained models differ on these images."""
    NOT_SHOWN = "no difference shown"
    """Neither can be told."""
    NOT_COMPARABLE = "not comparable"
    """The figures may not be ranked against each other."""
    ONE_RUN = "one run"
    """There is nothing to compare with."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two trained models on the same images.

    Attributes:
        first: the run with the higher accuracy.
        second: the other.
        result: first minus second.
        adjusted_p: p by Holm over all pairs that were tested; None without a test.
    """

    first: Contender
    second: Contender
    result: PairedDifference
    adjusted_p: float | None

    @property
    def differs(self) -> bool:
        """Whether the two differ by more than chance explains."""
        return self.adjusted_p is not None and self.adjusted_p < LEVEL


@dataclass(frozen=True, eq=False)
class RecipePair:
    """Two recipes over several seeds or folds each; the first has the higher mean accuracy."""

    first: Recipe
    second: Recipe
    result: GroupDifference
    adjusted_p: float

    @property
    def differs(self) -> bool:
        """Whether the recipes differ by more than the spread of their repeats explains."""
        return self.adjusted_p < LEVEL


@dataclass(frozen=True, eq=False)
class Verdict:
    """What may be said of the chosen runs.

    Attributes:
        finding: what kind of sentence the headline is.
        headline: the answer.
        notes: what qualifies it, a sentence or two each.
        pairs: trained models on the same images, the clearest difference first.
        recipes: runs by recipe.
        recipe_pairs: recipes that could be tested against each other.
    """

    finding: Finding
    headline: str
    notes: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    recipe_pairs: tuple[RecipePair, ...] = ()


def judge(contenders: Sequence[Contender]) -> Verdict:
    """The verdict on the chosen runs; those without figures are passed over.

    A difference between recipes needs several seeds or folds each and is named as one; a difference between
    two trained models is shown on the images that both answered (see `rsdash.evaluation.pairs`).
    """
    measured = evaluated(contenders)
    if not measured:
        return Verdict(Finding.NOT_COMPARABLE, "None of the chosen runs has been evaluated yet.")
    notes = _cautions(measured)
    if len(measured) == 1:
        return Verdict(Finding.ONE_RUN, alone_in_words(measured[0]), notes)
    pairs, recipes = tested_pairs(measured), find_recipes(measured)
    recipe_pairs = tested_recipes(recipes)
    finding, headline, more = _answer(measured, pairs, recipes, recipe_pairs)
    notes = (*more, *notes)
    return Verdict(finding, headline, notes, tuple(pairs), tuple(recipes), tuple(recipe_pairs))


def tested_pairs(measured: Sequence[Contender]) -> list[Pair]:
    """Every two runs on the same images in the same role; all pairs count for Holm's adjustment."""
    ranked = sorted(measured, key=accuracy_of, reverse=True)
    chosen = [pair for pair in combinations(ranked, 2) if comparable(*pair)]
    if len(chosen) > MOST_PAIRS:
        chosen = [pair for pair in chosen if pair[0] is ranked[0]]
    results = [paired_difference(first.right, second.right, first.groups) for first, second in chosen]
    known = [result.p for result in results if result.p is not None]
    adjusted = iter(holm(known))
    pairs = [
        Pair(first, second, result, None if result.p is None else next(adjusted))
        for (first, second), result in zip(chosen, results, strict=True)
    ]
    return sorted(pairs, key=lambda pair: (pair.adjusted_p is None, pair.adjusted_p, -pair.result.difference))


def tested_recipes(recipes: Sequence[Recipe]) -> list[RecipePair]:
    """Every two recipes that have enough repeats on the same images."""
    ranked = sorted(recipes, key=lambda recipe: recipe.summary.mean, reverse=True)
    found = [(first, second, compared_recipes(first, second)) for first, second in combinations(ranked, 2)]
    judged = [(*pair, result, result.p) for *pair, result in found if result and result.p is not None]
    adjusted = holm([p for *_, p in judged])
    return [
        RecipePair(first, second, result, p)
        for (first, second, result, _), p in zip(judged, adjusted, strict=True)
    ]


def _answer(
    measured: Sequence[Contender],
    pairs: Sequence[Pair],
    recipes: Sequence[Recipe],
    recipe_pairs: Sequence[RecipePair],
) -> tuple[Finding, str, tuple[str, ...]]:
    """Finding, headline and its notes; recipes come before single models."""
    if recipe_pairs:
        first = recipe_pairs[0]
        finding = Finding.RECIPES_DIFFER if first.differs else Finding.NOT_SHOWN
        notes = [recipes_in_words(pair) for pair in recipe_pairs[1:]]
        return finding, recipes_in_words(first), (*notes, _same_tiles(first))
    if not pairs:
        return Finding.NOT_COMPARABLE, why_not_ranked(measured), ()
    reason = why_not_ranked(measured)
    notes = [f"{reason} Only runs on the same images are."] if reason else []
    leader = max((pair.first for pair in pairs), key=accuracy_of)
    against = [pair for pair in pairs if leader in (pair.first, pair.second)]
    differs = all(pair.differs for pair in against)
    headline = pair_in_words(against[0]) if len(against) == 1 else leader_in_words(leader, against)
    notes += [power_in_words(against[0])] if len(against) == 1 else []
    notes.append(_why_no_recipe(recipes, against))
    finding = Finding.MODELS_DIFFER if differs else Finding.NOT_SHOWN
    return finding, headline, tuple(note for note in notes if note)


def _same_tiles(pair: RecipePair) -> str:
    if pair.first.folds:
        return "Folds share training images, which the test allows for (Nadeau and Bengio 2003)."
    figures = pair.first.members[0].figures
    count = images_in_words(figures) if figures else "images"
    return f"All were measured on the same {count}: the spread over seeds says nothing about other images."


def _why_no_recipe(recipes: Sequence[Recipe], pairs: Sequence[Pair]) -> str:
    if len(recipes) == 1:
        return "These runs differ by their seed alone: they are repeats of one recipe."
    reasons = [why_recipes_not_compared(first, second) for first, second in combinations(recipes, 2)]
    few = next((reason for reason in reasons if "takes at least" in reason), "")
    return few if pairs else ""


def _cautions(measured: Sequence[Contender]) -> tuple[str, ...]:
    """What a reader has to know of the figures themselves."""
    notes = []
    figures = [contender.figures for contender in measured if contender.figures]
    if any(one.role == Role.SELECTED_ON for one in figures):
        notes.append("Figures on validation images that an epoch was selected on flatter a model.")
    if any(one.groups for one in figures):
        fewest = min(one.groups for one in figures if one.groups)
        notes.append(f"Images belong to {fewest:,} groups; intervals and tests count groups, not images.")
    missing = sorted({
        name
        for one in figures
        for name, count in zip(one.classes, one.per_class.support.tolist(), strict=True)
        if not count
    })  # fmt: skip
    if missing:
        notes.append(
            f"No image of class {', '.join(missing)} was measured; averages are over the other classes."
        )
    changed = [c.config for c in measured]
    if len(measured) > 1 and not differing_settings({str(n): one for n, one in enumerate(changed)}):
        notes.append("These runs have the same settings, seed included.")
    return tuple(notes)
