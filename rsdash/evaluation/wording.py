"""How the findings of a comparison read: points of accuracy with 95 % intervals, and p."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import Figures
from rsdash.evaluation.intervals import FEWEST_GROUPS, Interval
from rsdash.evaluation.power import tiles_needed
from rsdash.evaluation.roles import images_of

if TYPE_CHECKING:
    from rsdash.evaluation.verdict import Pair, RecipePair

REPEATS_LEGEND = (
    "± is half the width of a 95 % t interval of the mean over repeats; over folds, which share training "
    "images, with the correction of Nadeau and Bengio (2003)."
)
SMALLEST_P = 0.001
HINTED_POINTS = 1.0


def figure_text(value: float | None, half_width: float | None = None) -> str:
    """A figure rounded to what its interval supports: `0.948 ± 0.006`."""
    if value is None:
        return "–"
    if half_width is None:
        return f"{value:.4f}"
    digits = 2 if half_width >= 0.1 else 3 if half_width >= 0.002 else 4
    return f"{value:.{digits}f} ± {half_width:.{digits}f}"


def p_in_words(p: float) -> str:
    """`p < 0.001`, or `p = 0.032`."""
    return f"p {p_text(p)}" if p < SMALLEST_P else f"p = {p_text(p)}"


def p_text(p: float) -> str:
    """`< 0.001`, or `0.032`."""
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def points(share: float) -> str:
    """A difference of shares in points: `4.5`."""
    return f"{100 * share:.1f}"


def interval_in_words(interval: Interval | None) -> str:
    """` [3.1, 5.9]` in points; nothing where there is none."""
    return f" [{points(interval.low)}, {points(interval.high)}]" if interval else ""


def images_in_words(figures: Figures) -> str:
    """`5,400 held-out images`."""
    return f"{figures.images:,} {images_of(figures.role)}"


def intervals_in_words(contenders: Sequence[Contender]) -> str:
    """How the 95 % intervals of these runs' figures are made, to follow the word interval."""
    kinds = {bool(one.figures.groups) for one in contenders if one.figures}
    images = (
        "over images: Wilson's for accuracy, bootstrap (BCa, Efron 1987) for average accuracy, macro F1 and "
        "kappa"
    )
    groups = f"that draws whole groups of images, given from {FEWEST_GROUPS} groups on"
    if kinds == {True}:
        return f"by a bootstrap (BCa, Efron 1987) {groups}"
    return f"{images}; where images come in groups, by a bootstrap {groups}" if True in kinds else images


def pair_tests_in_words(pairs: Sequence[Pair]) -> str:
    """How two trained models are compared on the same images, in a sentence.

    Args:
        pairs: those that were tested, at least one.
    """
    images = "McNemar's mid-p test (Fagerland, Lydersen and Laake 2013) and a paired bootstrap interval"
    groups = (
        "a sign-flip test over groups of images (Fisher 1935) and a bootstrap interval that draws whole "
        f"groups, both from {FEWEST_GROUPS} groups on"
    )
    kinds = {bool(pair.result.groups) for pair in pairs}
    mixed = f"{images}; where images come in groups, by {groups}"
    how = mixed if len(kinds) > 1 else groups if True in kinds else images
    tests = sum(pair.adjusted_p is not None for pair in pairs)
    adjusted = f"; p is adjusted by Holm (1979) over all {tests:,} pairs" if tests > 1 else ""
    return f"Two trained models are compared by {how}{adjusted}."


def alone_in_words(contender: Contender) -> str:
    """What one run's figures say."""
    figures = contender.figures
    if figures is None:
        return f"{contender.name} has not been evaluated."
    interval = figures.intervals.get("accuracy")
    between = f" (95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f})" if interval else ""
    share = f"{100 * figures.accuracy:.1f} %{between}"
    return f"{contender.name} is right on {share} of {images_in_words(figures)}."


def pair_in_words(pair: Pair) -> str:
    """What two trained models' answers on the same images say."""
    result, first, second = pair.result, pair.first, pair.second
    count = f"{result.images:,} images"
    if not result.first_only and not result.second_only:
        return f"{first.name} and {second.name} are right on exactly the same of these {count}."
    if result.p is None or pair.adjusted_p is None:
        return (
            f"{first.name} is right on {points(result.difference)} points more of these {count} than "
            f"{second.name}, but they belong to only {result.groups} groups; below {FEWEST_GROUPS} groups no "
            "interval or test is sound."
        )
    interval = interval_in_words(result.interval)
    if result.first_only == result.second_only:
        return (
            f"No difference can be shown between these two trained models: {first.name} and {second.name} "
            f"are right on equally many of these {count} (0.0 points{interval}), {_test_of(pair)}."
        )
    amount = f"{points(result.difference)} points more of these {count}{interval}"
    if pair.differs:
        return (
            f"These two trained models differ: {first.name} is right on {amount} than {second.name}, "
            f"{_test_of(pair)}."
        )
    return (
        f"No difference can be shown between these two trained models: {first.name} is right on {amount} "
        f"than {second.name}, {_test_of(pair)}."
    )


def leader_in_words(leader: Contender, pairs: Sequence[Pair]) -> str:
    """What the pairs of the most accurate run with every other one say.

    Args:
        leader: the run with the highest accuracy.
        pairs: its pairs, at least two.
    """
    images = f"{pairs[0].result.images:,} images"
    if all(pair.adjusted_p is None for pair in pairs):
        return (
            f"{leader.name} has the highest accuracy, but these {images} belong to fewer than "
            f"{FEWEST_GROUPS} groups, so that no test is sound."
        )
    told = [pair for pair in pairs if pair.differs]
    if len(told) == len(pairs):
        nearest = _nearest(told)
        worst = max((pair.adjusted_p or 0.0) for pair in pairs)
        return (
            f"Of these {len(pairs) + 1} trained models, {leader.name} is right on more of the {images} than "
            f"each other; the nearest is {_other(nearest, leader).name}, {_gap(nearest)} behind "
            f"({'sign-flip test' if nearest.result.groups else 'mid-p'} by Holm, {p_in_words(worst)})."
        )
    nearest = _nearest([pair for pair in pairs if not pair.differs])
    behind = f"; it differs from {len(told)} of the {len(pairs)} others" if told else ""
    return (
        f"{leader.name} has the highest accuracy on these {images}, but no difference to "
        f"{_other(nearest, leader).name} can be shown: {_gap(nearest)}{behind}."
    )


def recipes_in_words(pair: RecipePair) -> str:
    """What several seeds or folds of two recipes say."""
    result, first, second = pair.result, pair.first, pair.second
    half = f" ± {points(result.interval.half_width)}" if result.interval else ""
    ours, theirs = len(first.accuracies), len(second.accuracies)
    over = f"{ours} {first.unit} each" if ours == theirs else f"{ours} and {theirs} {first.unit}"
    test = f"{result.method}, {p_in_words(pair.adjusted_p)}"
    amount = f"{100 * result.difference:+.1f}{half} points over {over} ({test})"
    if pair.differs:
        return f"The recipe {first.label} is better than {second.label}: {amount}."
    return f"No difference can be shown between the recipes {first.label} and {second.label}: {amount}."


def power_in_words(pair: Pair) -> str:
    """How many images a difference of a point would take, given how often these two models disagree."""
    result = pair.result
    discordant = (result.first_only + result.second_only) / result.images
    if not discordant or result.groups:
        return ""
    needed = tiles_needed(discordant, HINTED_POINTS / 100)
    return (
        f"One of the two alone is right on {100 * discordant:.1f} % of the images; to show a difference of "
        f"1 point with 80 % probability takes about {_rounded(needed):,} images."
    )


def _test_of(pair: Pair) -> str:
    p = pair.adjusted_p if pair.adjusted_p is not None else 1.0
    if pair.result.groups:
        return f"sign-flip test over {pair.result.groups} groups, {p_in_words(p)}"
    return f"mid-{p_in_words(p)}"


def _nearest(pairs: Sequence[Pair]) -> Pair:
    return min(pairs, key=lambda pair: pair.result.difference)


def _gap(pair: Pair) -> str:
    return f"{points(pair.result.difference)} points{interval_in_words(pair.result.interval)}"


def _other(pair: Pair, leader: Contender) -> Contender:
    return pair.second if pair.first is leader else pair.first


def _rounded(count: int) -> int:
    """Two digits: the estimate supports no more."""
    step = 10 ** max(0, len(str(count)) - 2)
    return -(-count // step) * step
