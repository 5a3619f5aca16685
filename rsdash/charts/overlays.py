"""Curves of several runs in one chart, and repeats of a recipe as their mean with a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rsdash.charts.axes import AXIS_TITLES, Axis, limit_losses, smoothed
from rsdash.charts.curves import TRAINING_LABEL, Curve, run_color
from rsdash.charts.style import faint, finish, literal

NAMED_TWICE = 4
"""Runs up to which training has legend entries of its own."""
PLOT_PX, ENTRY_PX, ENTRIES_IN_A_ROW = 370, 20, 2
"""Height without the legend; of a row of its entries; entries in a row on a narrow page."""
UNITS = {"accuracy": "share", "loss": "nats"}


@dataclass(frozen=True)
class CurveGroup:
    """Repeats of one recipe.

    Attributes:
        label: what tells the recipe from others.
        curves: one a repeat, at least two.
    """

    label: str
    curves: Sequence[Curve]


def overlay(
    curves: Sequence[Curve], *, title: str, axis: Axis = "epochs", smoothing: float = 0.0
) -> go.Figure:
    """Accuracy and loss of several runs, a panel each, a colour a run; dashes are training images.

    Args:
        curves: the runs.
        title: says what it shows.
        axis: what the lines run along.
        smoothing: from 0 to below 1 (see `smoothed`).
    """
    figure = _panels()
    many = len(curves) > NAMED_TWICE
    for position, curve in enumerate(curves):
        color, along = run_color(position), _along(curve, axis)
        for column, quantity in enumerate(UNITS, start=1):
            figure.add_scatter(
                x=along,
                y=smoothed(curve.values[f"train_{quantity}"], smoothing),
                name=f"{literal(curve.name)}, {TRAINING_LABEL}",
                mode="lines",
                line={"color": color, "dash": "dash", "width": 1.3},
                legendgroup=str(position),
                showlegend=column == 1 and not many,
                row=1,
                col=column,
            )
            figure.add_scatter(
                x=along,
                y=smoothed(curve.values[quantity], smoothing),
                name=f"{literal(curve.name)}, {curve.measured_on}",
                mode="lines+markers",
                line={"color": color, "width": 2.5},
                legendgroup=str(position),
                showlegend=column == 1,
                row=1,
                col=column,
            )
    limit_losses(figure, [c.values[name] for c in curves for name in ("loss", "train_loss")], axes="2")
    title = f"{title}; dashes are {TRAINING_LABEL}" if many else title
    return _framed(figure, axis, title, len(curves) if many else 2 * len(curves))


def group_overlay(
    groups: Sequence[CurveGroup], *, title: str, axis: Axis = "epochs", smoothing: float = 0.0
) -> go.Figure:
    """Accuracy and loss of recipes on images that are not trained on: the mean of the repeats, their range.

    Args:
        groups: the recipes; epochs that not all repeats have are left out.
        title: says what it shows.
        axis: what the lines run along; on an axis in minutes, a point stands at the repeats' mean time.
        smoothing: of each repeat, from 0 to below 1 (see `smoothed`).
    """
    figure = _panels()
    for position, group in enumerate(groups):
        for column, quantity in enumerate(UNITS, start=1):
            _add_band(figure, group, quantity, (axis, smoothing), position=position, column=column)
    repeats = [curve.values["loss"] for group in groups for curve in group.curves]
    limit_losses(figure, repeats, axes="2")
    return _framed(figure, axis, title, len(groups))


def _add_band(
    figure: go.Figure,
    group: CurveGroup,
    quantity: str,
    way: tuple[Axis, float],
    *,
    position: int,
    column: int,
) -> None:
    """One recipe in one panel; `way` is the axis and the smoothing."""
    axis, smoothing = way
    color = run_color(position)
    shared = min(len(curve.epoch) for curve in group.curves)
    values = np.array([smoothed(curve.values[quantity], smoothing)[:shared] for curve in group.curves])
    along = np.mean([_along(curve, axis)[:shared] for curve in group.curves], axis=0)
    place = {"legendgroup": group.label, "row": 1, "col": column}
    figure.add_scatter(
        x=np.concatenate([along, along[::-1]]),
        y=np.concatenate([values.max(axis=0), values.min(axis=0)[::-1]]),
        fill="toself",
        fillcolor=faint(color, 0.18),
        line={"width": 0},
        showlegend=False,
        hoverinfo="skip",
        **place,
    )
    figure.add_scatter(
        x=along,
        y=values.mean(axis=0),
        name=f"{literal(group.label)}, mean of {len(group.curves)}",
        mode="lines+markers",
        line={"color": color, "width": 2.5},
        showlegend=column == 1,
        **place,
    )


def seed_spread(recipes: Sequence[tuple[str, Sequence[float]]]) -> go.Figure:
    """Accuracy of every repeat of each recipe as a point, their mean as a line.

    Args:
        recipes: label and accuracies (shares) of each.
    """
    figure = go.Figure()
    for position, (label, values) in enumerate(recipes):
        color = run_color(position)
        figure.add_scatter(
            x=list(values),
            y=[literal(label)] * len(values),
            mode="markers",
            marker={"color": color, "size": 11, "opacity": 0.75},
            showlegend=False,
            hovertemplate="%{y}: %{x:.4f}<extra></extra>",
        )
        figure.add_scatter(
            x=[float(np.mean(values))],
            y=[literal(label)],
            mode="markers",
            marker={"color": color, "size": 26, "symbol": "line-ns-open", "line": {"width": 3}},
            showlegend=False,
            hovertemplate="%{y}: mean %{x:.4f}<extra></extra>",
        )
    figure.update_xaxes(title_text="accuracy (share)")
    figure.update_yaxes(automargin=True, autorange="reversed")
    lowest, highest = (f(min(v) if f is min else max(v) for _, v in recipes) for f in (min, max))
    title = f"Repeats reach from {lowest:.3f} to {highest:.3f}"
    return finish(figure, height=170 + 44 * len(recipes), title=title).update_layout(margin_b=50)


def _along(curve: Curve, axis: Axis) -> np.ndarray:
    if axis == "minutes":
        return curve.values["elapsed_s"] / 60
    return curve.values["step"] if axis == "steps" else curve.epoch


def _panels() -> go.Figure:
    return make_subplots(rows=1, cols=len(UNITS), horizontal_spacing=0.1)


def _framed(figure: go.Figure, axis: Axis, title: str, entries: int) -> go.Figure:
    """Axes, title, and a height that leaves the lines their room above a legend of so many entries."""
    figure.update_xaxes(title_text=AXIS_TITLES[axis], rangemode="tozero")
    for column, (quantity, unit) in enumerate(UNITS.items(), start=1):
        figure.update_yaxes(title_text=f"{quantity} ({unit})", rangemode="tozero", col=column)
    figure.update_yaxes(range=[0, 1], col=1)
    legend_px = ENTRY_PX * max(-(-entries // ENTRIES_IN_A_ROW), 2)
    return finish(figure, height=PLOT_PX + legend_px, title=title).update_layout(margin_b=60 + legend_px)
