"""Parts of a report that hold figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plotly.graph_objects import Figure

from rsdash.charts import (
    ReliabilityLine,
    class_deltas,
    group_overlay,
    matrix_difference,
    matrix_map,
    overlay,
    reliability_diagram,
    seed_spread,
)
from rsdash.charts.style import MOST_IN_A_MATRIX, literal
from rsdash.evaluation.calibration import calibrate
from rsdash.evaluation.comparison import Contender, evaluated
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.pairs import class_differences
from rsdash.evaluation.recipes import partners
from rsdash.report.curves import recipe_curves, run_curves
from rsdash.report.evidence import RECIPES_LEGEND, recipe_rows, repeated_recipes, texts_of
from rsdash.report.facts import Compared
from rsdash.report.limits import MATRIX_LIMIT, MOST_LINES, left_out
from rsdash.runs.contender import whole_evaluation
from rsdash.runs.history import HistoryReader


@dataclass(frozen=True)
class Drawing:
    """A figure as HTML that needs Plotly's program on the page, and what it shows in words.

    The template takes the HTML as it is: Plotly made it, and names of a person's own are escaped in it, by
    the charts or, in titles that are handed to them, here.
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
    rows = recipe_rows(compared)
    if not rows:
        return None
    values = [(recipe.label, recipe.accuracies) for recipe in repeated_recipes(compared.verdict)]
    alt = f"Accuracy of each repeat of {', '.join(label for label, _ in values)}"
    return Section(
        "Recipes over their repeats",
        head=list(rows[0]),
        rows=texts_of(rows),
        drawings=[_drawn(seed_spread(values), alt)],
        legend=RECIPES_LEGEND,
    )


def curves(compared: Compared) -> Section | None:
    """Accuracy and loss over epochs, recipes with repeats as bands."""
    curves = run_curves(compared.entries, lambda folder: HistoryReader(folder.metrics_path).refresh())
    if not curves:
        return None
    groups = recipe_curves(compared.verdict.recipes, curves)
    if groups:
        title = "Mean of each recipe's repeats, and from the lowest to the highest of them"
        return Section("Learning curves", drawings=[_drawn(group_overlay(groups, title=title), title)])
    title, shown = "Accuracy and loss over epochs", list(curves.values())[:MOST_LINES]
    drawings = [_drawn(overlay(shown, title=title), title)]
    return Section("Learning curves", drawings=drawings, legend=left_out(len(shown), len(curves)))


def classes(compared: Compared) -> Section | None:
    """Confusion of classes by the two best runs, and their difference class by class."""
    pair = next(((one, others[0]) for one, others in partners(compared.contenders).items()), None)
    shown = pair or tuple(evaluated(compared.contenders)[:1])
    if not shown or shown[0].figures is None:
        return None
    classes, names = shown[0].figures.classes, names_apart(compared.contenders)
    drawable = len(classes) <= MOST_IN_A_MATRIX
    drawings = _matrices(shown, classes, names) if drawable else []
    if pair:
        first, second = pair
        both = (names[first.id], names[second.id])
        result = class_differences(
            first.labels, first.answers, second.answers, len(classes), groups=first.groups
        )
        columns = (result.difference, result.low, result.high, result.support)
        alt = f"Difference of producer's accuracy of each class, {both[0]} less {both[1]}"
        drawings.append(_drawn(class_deltas(classes, *columns, names=both), alt))
    matrices = "Rows of a matrix are true classes, columns the answers." if drawable else MATRIX_LIMIT
    what = " and ".join(names[one.id] for one in shown)
    return Section(
        "Classes",
        texts=[f"{what}, class by class. {matrices}"],
        drawings=drawings,
        legend="Producer's accuracy (recall) is the share of a class's images that are right.",
    )


def _matrices(shown: Sequence[Contender], classes: Sequence[str], names: Mapping[str, str]) -> list[Drawing]:
    """Confusion by each run, and of two their difference."""
    matrices = [(names[one.id], one.figures.confusion) for one in shown if one.figures]
    drawings = []
    for name, matrix in matrices:
        title = f"Confusion of classes by {name}"
        drawings.append(_drawn(matrix_map(matrix, classes, title=literal(title)), title))
    if len(matrices) == 2:
        (first, ours), (second, theirs) = matrices
        title = f"{first} less {second}: green favours the first, red the second"
        drawings.append(_drawn(matrix_difference(ours, theirs, classes, title=literal(title)), title))
    return drawings


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
        f"perfectly calibrated model would show on so many images. {left_out(len(lines), len(measured))}",
    )


def _drawn(figure: Figure, alt: str) -> Drawing:
    figure.update_layout(template="plotly_white")
    html: Any = figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False})
    return Drawing(html, alt)
