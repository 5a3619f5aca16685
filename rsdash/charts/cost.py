"""What accuracy costs, and which settings go with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rsdash.charts.curves import run_color
from rsdash.charts.style import finish, literal
from rsdash.palette import REFERENCE_COLOR

LABELLED = 20
"""Points at most that carry their name."""


@dataclass(frozen=True)
class Priced:
    """One run's accuracy and one of its costs.

    Attributes:
        name: of the run.
        cost: in the unit of the axis.
        accuracy: share.
        half_width: of its 95 % interval, or None.
        position: place in the comparison, which gives the colour.
    """

    name: str
    cost: float
    accuracy: float
    half_width: float | None
    position: int


def on_the_front(points: Sequence[Priced], *, less_is_better: bool) -> list[Priced]:
    """The runs that no other one beats in accuracy and cost at once, by cost (the Pareto front)."""
    sign = 1.0 if less_is_better else -1.0
    ranked = sorted(points, key=lambda one: (sign * one.cost, -one.accuracy))
    front: list[Priced] = []
    for one in ranked:
        if not front or one.accuracy > front[-1].accuracy:
            front.append(one)
    return front


def accuracy_against_cost(points: Sequence[Priced], *, cost: str, less_is_better: bool) -> go.Figure:
    """Accuracy over cost, with a line through the runs that none beats in both.

    Args:
        points: the runs, at least one.
        cost: names the cost with its unit.
        less_is_better: of the cost.
    """
    front = on_the_front(points, less_is_better=less_is_better)
    figure = go.Figure()
    figure.add_scatter(
        x=[one.cost for one in front],
        y=[one.accuracy for one in front],
        mode="lines",
        line={"color": REFERENCE_COLOR, "dash": "dot", "shape": "hv" if less_is_better else "vh"},
        name="none is better in both",
        hoverinfo="skip",
    )
    for one in points:
        figure.add_scatter(
            x=[one.cost],
            y=[one.accuracy],
            error_y={"type": "data", "array": [one.half_width or 0.0], "thickness": 1.2, "width": 4},
            mode="markers+text" if len(points) <= LABELLED else "markers",
            text=[literal(one.name)],
            textposition=_inwards(one, points),
            marker={"color": run_color(one.position), "size": 11},
            name=literal(one.name),
            showlegend=False,
            hovertemplate="%{text}: accuracy %{y:.3f}, %{x:.4g}<extra></extra>",
        )
    figure.update_xaxes(title_text=cost, type="log" if _spans_decades(points) else "linear")
    figure.update_yaxes(title_text="accuracy (share)")
    names = ", ".join(literal(one.name) for one in front[:4])
    title = f"No other run is better in both accuracy and {cost.split(' (')[0]} than {names}"
    return finish(figure, height=430, title=title if len(points) > 1 else literal(points[0].name))


@dataclass(frozen=True)
class SettingAxis:
    """One setting of many runs, as an axis.

    Attributes:
        name: of the setting.
        values: one a run; numbers, or names.
    """

    name: str
    values: Sequence[float | str]


def parallel_settings(axes: Sequence[SettingAxis], accuracies: Sequence[float]) -> go.Figure:
    """A line a run through the settings that differ, coloured by accuracy.

    Args:
        axes: settings, in the order shown; accuracy comes last.
        accuracies: one a run.
    """
    dimensions = [_dimension(axis) for axis in axes]
    dimensions.append({"label": "accuracy", "values": list(accuracies), "tickformat": ".3f"})
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            line={
                "color": list(accuracies),
                "colorscale": "Viridis",
                "showscale": True,
                "colorbar": {"title": {"text": "accuracy"}, "thickness": 14},
            },
        )
    )
    low, high = min(accuracies), max(accuracies)
    title = f"Settings of {len(accuracies)} runs; accuracy from {low:.3f} to {high:.3f}"
    return finish(figure, height=440, title=title).update_layout(margin={"l": 90, "r": 60, "t": 90, "b": 40})


def _dimension(axis: SettingAxis) -> dict[str, object]:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in axis.values):
        return {"label": literal(axis.name), "values": list(axis.values)}
    names = sorted({str(value) for value in axis.values})
    return {
        "label": literal(axis.name),
        "values": [names.index(str(value)) for value in axis.values],
        "tickvals": list(range(len(names))),
        "ticktext": [literal(name) for name in names],
    }


def _inwards(one: Priced, points: Sequence[Priced]) -> str:
    """Where a name has room: to the right of what stands in the left half, and the other way round."""
    costs = [other.cost for other in points]
    ends = min(costs), max(costs)
    middle = math.sqrt(ends[0] * ends[1]) if _spans_decades(points) else sum(ends) / 2
    return "middle right" if one.cost <= middle else "middle left"


def _spans_decades(points: Sequence[Priced]) -> bool:
    costs = [one.cost for one in points if one.cost > 0]
    return len(costs) == len(points) and max(costs) / min(costs) > 20
