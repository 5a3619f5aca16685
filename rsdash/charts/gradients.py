"""Gradients by layer over the epochs, and how far steps move the weights.

Colour is the gradient norm on a logarithmic scale: one decade, one step of colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rsdash.charts.axes import binned
from rsdash.charts.style import WITHOUT_LEGEND, faint, finish, framed, literal
from rsdash.evaluation.gradients import flow_of
from rsdash.palette import ALL_LAYERS_COLOR, FIRST_LAYER_COLOR, LAST_LAYER_COLOR
from rsdash.runs.watched import LayerHistory

MOST_COLUMNS = 200
COLOR_SCALE = "Viridis"
RULE_OF_THUMB = 1e-3
"""Where update ratios should lie, roughly (Karpathy, CS231n course notes, "Ratio of weights:updates")."""
_RULE: dict[str, Any] = {
    "shapes": [
        {
            "type": "line",
            "xref": "x domain",
            "x0": 0,
            "x1": 1,
            "y0": RULE_OF_THUMB,
            "y1": RULE_OF_THUMB,
            "line": {"dash": "dot", "color": ALL_LAYERS_COLOR},
        }
    ],
    "annotations": [
        {
            "text": "rule of thumb: 1e-3 (CS231n)",
            "x": 1,
            "xref": "paper",
            "xanchor": "right",
            "y": math.log10(RULE_OF_THUMB),  # as a logarithmic axis wants it
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 11},
        }
    ],
}
"""The rule of thumb as a dotted line across the chart, with its source."""


@dataclass(frozen=True)
class NamedLayers:
    """The gradients of a run, by the name of the run."""

    name: str
    layers: LayerHistory


def gradient_map(layers: LayerHistory, *, revision: str) -> go.Figure:
    """Gradient norms: epochs to the right, layers from the first above to the last below.

    Args:
        layers: at least one measured step.
        revision: zoom stays as long as this does.
    """
    axes = {
        "xaxis": {"title": "epoch"},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "coloraxis": _color_axis([layers.norms]),
    }
    flow = flow_of(layers.norms)
    title = "Gradient norm of each layer"
    if flow:
        title += f": the first has {flow.median:.2g} times the last's (median)"
    height = _height([layers])
    return framed([_map(layers)], WITHOUT_LEGEND | axes, height=height, title=title, revision=revision)


def gradient_maps(runs: Sequence[NamedLayers]) -> go.Figure:
    """The same for several runs side by side, in the same colours.

    Args:
        runs: each with at least one measured step.
    """
    figure = make_subplots(
        rows=1,
        cols=len(runs),
        subplot_titles=[literal(run.name) for run in runs],
        horizontal_spacing=0.14 if len(runs) < 3 else 0.09,
    )
    for column, run in enumerate(runs, start=1):
        figure.add_trace(_map(run.layers), row=1, col=column)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(coloraxis=_color_axis([run.layers.norms for run in runs]))
    height = _height([run.layers for run in runs])
    return finish(figure, height=height, title="Gradient norm of each layer, the same colours in all runs")


def update_ratios(layers: LayerHistory, *, revision: str) -> go.Figure:
    """How far a step moves the weights of the first layer, the last and those between, against 1e-3.

    Args:
        layers: at least one measured step.
        revision: zoom stays as long as this does.
    """
    table = np.exp(binned(np.log(_positive(layers.ratios)), most=MOST_COLUMNS))
    epoch = binned(layers.epoch[:, None], most=MOST_COLUMNS)[:, 0]
    rows = ~np.isnan(table).all(axis=1)
    table, epoch = table[rows], epoch[rows]
    lines = [_band(epoch, np.nanmin(table, axis=1), np.nanmax(table, axis=1))] if len(table) else []
    for name, values, color in (
        (f"first: {layers.names[0]}", table[:, 0], FIRST_LAYER_COLOR),
        (f"last: {layers.names[-1]}", table[:, -1], LAST_LAYER_COLOR),
    ):
        line = {"color": color, "width": 2}
        lines.append(go.Scatter(x=epoch, y=values, name=literal(name), mode="lines", line=line))
    axes = {
        "xaxis": {"title": "epoch"},
        "yaxis": {"title": "change / weights", "type": "log", "tickformat": ".0e", "dtick": "D2"},
        **_RULE,
    }
    middle = float(np.nanmedian(table)) if len(table) else math.nan
    title = f"A step moves the weights by {middle:.1e} of their size (median over layers and steps)"
    return framed(lines, axes, height=360, title=title, revision=revision)


def _map(layers: LayerHistory) -> go.Heatmap:
    norms = binned(np.log10(_positive(layers.norms)), most=MOST_COLUMNS)  # (columns, G)
    epoch = binned(layers.epoch[:, None], most=MOST_COLUMNS)[:, 0]
    return go.Heatmap(
        x=epoch,
        y=[literal(name) for name in layers.names],
        z=norms.T,
        coloraxis="coloraxis",
        customdata=10.0**norms.T,
        hovertemplate="%{y}, epoch %{x:.2f}<br>gradient norm %{customdata:.2g}<extra></extra>",
        hoverongaps=False,
    )


def _color_axis(tables: Sequence[np.ndarray]) -> dict:
    """From the smallest to the largest norm of all."""
    values = np.concatenate([np.log10(_positive(table)).ravel() for table in tables])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (-1.0, 1.0)
    if high - low < 0.5:
        low, high = low - 0.25, high + 0.25
    norms = _round_norms(low, high)
    return {
        "colorscale": COLOR_SCALE,
        "cmin": low,
        "cmax": high,
        "colorbar": {
            "title": {"text": "norm", "side": "top"},
            "tickvals": [math.log10(norm) for norm in norms],
            "ticktext": [f"{norm:.3g}" for norm in norms],
            "thickness": 14,
        },
    }


def _round_norms(low: float, high: float) -> list[float]:
    """Norms to read colours by: powers of ten, and more between them the fewer of these there are.

    Args:
        low: decimal logarithm of the smallest norm; `high` of the largest, at least half a decade above.
    """
    digits = (1, 2, 3, 5, 7) if high - low < 1 else (1, 2, 5) if high - low < 3 else (1,)
    decades = range(math.floor(low), math.ceil(high) + 1)
    norms = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
    return [norm for norm in norms if low <= math.log10(norm) <= high]


def _positive(values: np.ndarray) -> np.ndarray:
    """What has a logarithm; NaN for the rest."""
    return np.where(values > 0, values, np.nan)


def _band(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        name="all layers",
        mode="lines",
        line={"width": 0},
        fillcolor=faint(ALL_LAYERS_COLOR, 0.25),
        hoverinfo="skip",
    )


def _height(layers: Sequence[LayerHistory]) -> int:
    return max(300, 170 + 18 * max(len(part.names) for part in layers))
