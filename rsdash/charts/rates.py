"""Learning rates: over the epochs of a run, and what a sweep over them shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.style import MARGIN, finish, framed
from rsdash.palette import HEAD_RATE_COLOR, LOSS_BLUE, RATE_COLOR
from rsdash.runs.thinning import Line2D


def rate_schedule(
    epoch: Sequence[float],
    rate: Sequence[float],
    head_rate: Sequence[float],
    *,
    title: str,
    jumps: bool = False,
) -> go.Figure:
    """The learning rate over a run.

    Args:
        epoch: where rates are taken, ascending from 0.
        rate: of all layers but the last.
        head_rate: of the last layer; drawn where it differs.
        title: says what the schedule does.
        jumps: whether the rate stays between the places where it is taken, and changes at once there.
    """
    x = np.asarray(epoch)
    lines = rate_lines(Line2D(x, np.asarray(rate)), Line2D(x, np.asarray(head_rate)), jumps=jumps)
    margin = MARGIN | {"t": 50, "b": 90 if len(lines) > 1 else 60}
    return framed(lines, {**rate_axes("epoch"), "margin": margin}, height=290, title=title)


def rate_lines(rate: Line2D, head_rate: Line2D, *, jumps: bool = False) -> list[go.Scatter]:
    """A line for all layers, or two where the last layer learns at a rate of its own.

    Args:
        rate: of all layers but the last.
        head_rate: of the last layer.
        jumps: whether a rate stays between the points, and changes at once there.
    """
    shape = "hv" if jumps else "linear"
    apart = not np.array_equal(rate.y, head_rate.y, equal_nan=True)
    others = go.Scatter(
        x=rate.x,
        y=rate.y,
        name="all other layers" if apart else "all layers",
        mode="lines",
        line={"color": RATE_COLOR, "width": 2.5, "shape": shape},
        showlegend=apart,
    )
    if not apart:
        return [others]
    dashes = {"color": HEAD_RATE_COLOR, "dash": "dash", "shape": shape}
    return [go.Scatter(x=head_rate.x, y=head_rate.y, name="last layer", mode="lines", line=dashes), others]


def rate_axes(x: str) -> dict[str, Any]:
    """Layout of the axes of learning rates along something."""
    return {
        "xaxis": {"title": x, "rangemode": "tozero"},
        "yaxis": {"title": "learning rate", "rangemode": "tozero", "exponentformat": "power"},
    }


def rate_sweep(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float | None
) -> go.Figure:
    """Loss over learning rate, with the suggested rate marked.

    Args:
        rates: of the steps, ascending.
        losses: of the steps, in nats.
        smoothed: the same without the noise of single batches.
        suggestion: rate of the steepest fall, or None.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=rates,
        y=losses,
        name="each batch",
        mode="markers",
        marker={"color": LOSS_BLUE, "size": 5},
        opacity=0.45,
    )
    figure.add_scatter(
        x=rates, y=smoothed, name="smoothed", mode="lines", line={"color": LOSS_BLUE, "width": 2.5}
    )
    if suggestion is not None:
        figure.add_vline(x=suggestion, line={"color": RATE_COLOR, "dash": "dash"})
    figure.update_xaxes(title_text="learning rate", type="log", exponentformat="power", dtick=1)
    top = 1.6 * max(smoothed[:1], default=1.0) if smoothed else 1.0
    figure.update_yaxes(title_text="training loss (nats)", range=[0, top])
    return finish(figure, height=380, title=sweep_title(suggestion))


def sweep_title(suggestion: float | None) -> str:
    """The finding of a sweep."""
    if suggestion is None:
        return "No learning rate makes the loss fall"
    return f"The loss falls most steeply at a learning rate of {suggestion:g}"
