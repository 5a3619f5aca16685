"""Parts of a report that hold figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from plotly.graph_objects import Figure

from rsdash.charts import (
    CurveGroup,
    ReliabilityLine,
    class_deltas,
    curve_from,
    group_overlay,
    matrix_difference,
    matrix_map,
    overlay,
    reliability_diagram,
    seed_spread,
)
from rsdash.evaluation.calibration import calibrate
from rsdash.evaluation.comparison import Contender, accuracy_of, comparable, evaluated
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.pairs import class_differences
from rsdash.evaluation.wording import REPEATS_LEGEND, figure_text
from rsdash.report.facts import Compared
from rsdash.runs.contender import whole_evaluation
from rsdash.runs.history import HistoryReader

MOST_LINES, MOST_MATRIX = 12, 40


@dataclass(frozen=True)
class Drawing:
    """A figure as HTML that needs Plotly's program on the page, and what it shows in words.

    The template takes the HTML as it is: Plotly made it, and the charts escape the names in it.
    """

    html: str
    alt: str


@dataclass(frozen=True)
class Section:
    """A part of a report; whatever is empty is left out."""

    title: str
    texts: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    reference: Sequence[Sequence[str]] = ()
    drawings: Sequence[Drawing] = field(default_factory=tuple)
    legend: str = ""


def recipes(compared: Compared) -> Section | None:
    """Mean and spread of every recipe with repeats."""
    repeated = [recipe for recipe in compared.verdict.recipes if len(recipe.accuracies) > 1]
    if not repeated:
        return None
    rows = []
    for recipe in repeated:
        summary, values = recipe.summary, recipe.accuracies
        mean = figure_text(summary.mean, summary.interval.half_width if summary.interval else None)
        spread = (f"{summary.sd:.4f}", f"{min(values):.4f}", f"{max(values):.4f}")
        rows.append((recipe.label, mean, *spread, f"{summary.count} {recipe.unit}"))
    figure = seed_spread([(recipe.label, recipe.accuracies) for recipe in repeated])
    return Section(
        "Recipes over their repeats",
        head=("recipe", "mean accuracy", "standard deviation", "lowest", "highest", "repeats"),
        rows=rows,
        drawings=[_drawn(figure, f"Accuracy of each repeat of {', '.join(r.label for r in repeated)}")],
        legend=REPEATS_LEGEND,
    )


def curves(compared: Compared) -> Section | None:
    """Accuracy and loss over epochs, recipes with repeats as bands."""
    names = names_apart(compared.entries)
    curves = {
        entry.id: curve_from(
            names[entry.id],
            HistoryReader(entry.folder.metrics_path).refresh(),
            measured_on=entry.watched_role,
        )
        for entry in compared.entries
    }
    curves = {run_id: curve for run_id, curve in curves.items() if len(curve.epoch)}
    if not curves:
        return None
    groups = [
        CurveGroup(recipe.label, [curves[run.id] for run in recipe.members if run.id in curves])
        for recipe in compared.verdict.recipes
    ]
    groups = [group for group in groups if len(group.curves) > 1]
    if groups:
        title = "Mean of each recipe's repeats, and from the lowest to the highest of them"
        return Section("Learning curves", drawings=[_drawn(group_overlay(groups, title=title), title)])
    title, shown = "Accuracy and loss over epochs", list(curves.values())[:MOST_LINES]
    drawings = [_drawn(overlay(shown, title=title), title)]
    return Section("Learning curves", drawings=drawings, legend=_left_out(len(shown), len(curves)))


def _best_pair(compared: Compared) -> tuple[Contender, Contender] | None:
    """The most accurate run and the best one of another recipe on the same images, or else any other."""
    ranked = sorted(evaluated(compared.contenders), key=accuracy_of, reverse=True)
    recipe_of = {run.id: recipe.label for recipe in compared.verdict.recipes for run in recipe.members}
    for first in ranked:
        others = [other for other in ranked if other is not first and comparable(first, other)]
        unlike = [other for other in others if recipe_of.get(other.id) != recipe_of.get(first.id)]
        if others:
            return first, (unlike or others)[0]
    return None


def classes(compared: Compared) -> Section | None:
    """Confusion of classes by the two best runs, and their difference class by class."""
    pair = _best_pair(compared)
    shown = pair or tuple(evaluated(compared.contenders)[:1])
    if not shown or shown[0].figures is None:
        return None
    classes, names = shown[0].figures.classes, names_apart(compared.contenders)
    drawings = []
    if len(classes) <= MOST_MATRIX:
        for one, figures in ((one, one.figures) for one in shown):
            if figures is None:
                continue
            title = f"Confusion of classes by {names[one.id]}"
            drawings.append(_drawn(matrix_map(figures.confusion, classes, title=title), title))
    if pair:
        first, second = pair
        both = (names[first.id], names[second.id])
        if len(classes) <= MOST_MATRIX:
            ours, theirs = (one.figures.confusion for one in pair if one.figures)
            title = f"{both[0]} less {both[1]}: green favours the first, red the second"
            drawings.append(_drawn(matrix_difference(ours, theirs, classes, title=title), title))
        result = class_differences(
            first.labels, first.answers, second.answers, len(classes), groups=first.groups
        )
        columns = (result.difference, result.low, result.high, result.support)
        alt = f"Difference of producer's accuracy of each class, {both[0]} less {both[1]}"
        drawings.append(_drawn(class_deltas(classes, *columns, names=both), alt))
    what = " and ".join(names[one.id] for one in shown)
    return Section(
        "Classes",
        texts=[f"{what}, class by class. Rows of a matrix are true classes, columns the answers."],
        drawings=drawings,
        legend="Producer's accuracy (recall) is the share of a class's images that are right.",
    )


def confidence(compared: Compared) -> Section | None:
    """Reliability of what each run says of its own answers."""
    measured, names = evaluated(compared.contenders), names_apart(compared.contenders)
    entries = {entry.id: entry for entry in compared.entries}
    lines, rows = [], []
    for one in measured[:MOST_LINES]:
        result, before, _ = calibrate(whole_evaluation(entries[one.id], compared.measured_on))
        lines.append(ReliabilityLine(names[one.id], before.confidence, before.accuracy, before.count))
        ece = (
            f"{result.ece_before:.3f}",
            f"{result.ece_if_calibrated_before:.3f}",
            f"{result.ece_after:.3f}",
        )
        rows.append((names[one.id], *ece, f"{result.temperature:.2f}", result.how))
    if not lines:
        return None
    title = "Share right over stated confidence"
    return Section(
        "Confidence",
        head=("run", "calibration error", "by chance alone", "after scaling", "temperature", "fitted"),
        rows=rows,
        drawings=[_drawn(reliability_diagram(lines, title=title), title)],
        legend="Calibration error: mean distance of confidence and share right over 15 bins, beside what a "
        f"perfectly calibrated model would show on so many images. {_left_out(len(lines), len(measured))}",
    )


def _left_out(drawn: int, total: int) -> str:
    """A sentence where not all runs are drawn."""
    return f"The first {drawn} of {total} runs are drawn." if total > drawn else ""


def _drawn(figure: Figure, alt: str) -> Drawing:
    figure.update_layout(template="plotly_white")
    html: Any = figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False})
    return Drawing(html, alt)
