"""What a run's curves run along, how they are smoothed, and how far up losses are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from rsdash.runs.history import History

Axis = Literal["epochs", "steps", "minutes"]
AXIS_TITLES: dict[Axis, str] = {"epochs": "epoch", "steps": "step", "minutes": "minutes of training"}

OUTLYING = 10.0
"""A loss so many times as large as the median, and as 1 nat, is an outlier: guessing among 1,000 classes
costs 6.9 nats, so that no run that learns from the beginning has one."""


def along(history: History, columns: Mapping[str, np.ndarray], axis: Axis) -> np.ndarray:
    """Where the rows of `history.steps` or `history.epochs` lie on an axis, float64 of shape (n,).

    Rows from before the time of steps was recorded lie between the epochs around them.
    """
    if axis == "epochs":
        return columns["epoch"]
    if axis == "steps":
        return columns["step"]
    elapsed, known = columns["elapsed_s"], history.epochs
    unknown = np.isnan(elapsed)
    if unknown.any() and len(known["step"]):
        steps, times = np.append(0.0, known["step"]), np.append(0.0, known["elapsed_s"])
        elapsed = np.where(unknown, np.interp(columns["step"], steps, times), elapsed)
    return elapsed / 60


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """A running mean that forgets: each value counts `weight` times as much as the one after it.

    The weights up to each value are scaled to add up to 1, so that the line does not begin at 0 (as Adam's
    bias correction: Kingma and Ba 2015, section 3). Missing values stay missing and count for nothing.

    Args:
        values: float64 of shape (n,).
        weight: from 0, which changes nothing, to below 1.
    """
    if weight <= 0:
        return values
    total = norm = 0.0
    result = []
    for value in values.tolist():
        if value == value:  # not NaN
            total, norm = weight * total + value, weight * norm + 1
            result.append(total / norm)
        else:
            result.append(value)
    return np.array(result)


def binned(columns: np.ndarray, *, most: int) -> np.ndarray:
    """Means of neighbouring rows, so many that at most `most` remain; bins stay while rows are added.

    Args:
        columns: float64 of shape (n, c).
        most: upper bound of the rows returned.
    """
    width = 1
    while -(-len(columns) // width) > most:
        width *= 2
    if width == 1:
        return columns
    starts = np.arange(0, len(columns), width)
    present = ~np.isnan(columns)
    sums = np.add.reduceat(np.where(present, columns, 0.0), starts, axis=0)
    counts = np.add.reduceat(present, starts, axis=0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def ordinary_losses(lines: Sequence[np.ndarray]) -> np.ndarray:
    """The finite losses of some lines without outliers; with them, where a line still ends among them.

    Args:
        lines: float64 of shape (n,) each, in nats, in the order of training.
    """
    finite = [line[np.isfinite(line)] for line in lines]
    values = np.concatenate([np.empty(0), *finite])
    limit = OUTLYING * max(1.0, float(np.median(values))) if len(values) else 0.0
    if any(len(line) and line[-1] > limit for line in finite):
        return values
    return values[values <= limit]


def limit_losses(figure: go.Figure, lines: Sequence[np.ndarray], *, axes: str) -> None:
    """Have a panel leave outliers above it, and say so; zooming out shows them.

    Args:
        figure: with panels, that of losses among them.
        lines: losses that are drawn there, as for `ordinary_losses`.
        axes: number of that panel's axes in their names, such as the 2 of `yaxis2`.
    """
    values, ordinary = np.concatenate([np.empty(0), *lines]), ordinary_losses(lines)
    highest = float(np.max(values[np.isfinite(values)], initial=0.0))
    if not len(ordinary) or ordinary.max() == highest:
        return
    figure.update_layout({f"yaxis{axes}": {"range": [0, 1.05 * float(ordinary.max())]}})
    figure.add_annotation(
        text=f"up to {highest:.2g}, above this picture",
        showarrow=False,
        xref=f"x{axes} domain",
        yref=f"y{axes} domain",
        x=1,  # outliers are early ones
        y=1,
    )


def stacked(panels: Sequence[Mapping[str, Any]], x: Mapping[str, Any], *, gap: float) -> dict[str, Any]:
    """Layout of the axes of panels one below the other, along a common horizontal axis.

    Args:
        panels: vertical axis of each, from above: `y`, `y2` and so on, along `x`, `x2` and so on.
        x: horizontal axis of all; its title stands below the last.
        gap: share of the height between two.
    """
    count = len(panels)
    height = (1 - gap * (count - 1)) / count
    axes: dict[str, Any] = {}
    for place, panel in enumerate(panels, start=1):
        bottom = (count - place) * (height + gap)
        along_x: dict[str, Any] = {**x, "anchor": f"y{place}"}
        if place < count:
            along_x |= {"matches": f"x{count}", "showticklabels": False, "title": None}
        axes[f"xaxis{place}"] = along_x
        axes[f"yaxis{place}"] = {**panel, "anchor": f"x{place}", "domain": [bottom, bottom + height]}
    return axes
