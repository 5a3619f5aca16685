"""Learning curves.

Red is accuracy and blue is loss wherever a single run is drawn, as in the study; dashes are training
images, solid lines are images that are not trained on. Several runs take a colour each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rsdash.charts.axes import AXIS_TITLES, Axis, along, limit_losses, ordinary_losses, smoothed, stacked
from rsdash.charts.style import finish, framed, literal
from rsdash.evaluation.roles import images_of
from rsdash.palette import ACCURACY_RED, LOSS_BLUE, RUN_COLORS
from rsdash.runs.history import History
from rsdash.runs.thinning import Line2D, thin

TRAINING_LABEL = "training"
STUDY_COLORS = {"accuracy": ACCURACY_RED, "loss": LOSS_BLUE}
PANEL_TITLE_CHARACTERS = 72
"""What fits above all panels together on a narrow page."""


@dataclass(frozen=True)
class Curve:
    """The epochs of one run.

    Attributes:
        name: what the run is called.
        epoch: float64 of shape (n,), from 1.
        values: column of History.epochs → float64 of shape (n,).
        measured_on: role of the images that are not trained on.
    """

    name: str
    epoch: np.ndarray
    values: Mapping[str, np.ndarray]
    measured_on: str


def curve_from(name: str, history: History, *, measured_on: str) -> Curve:
    """The epochs of a history."""
    return Curve(name, history.epochs["epoch"], history.epochs, measured_on)


def run_color(position: int) -> str:
    """Colour of the run at a place in a comparison."""
    return RUN_COLORS[position % len(RUN_COLORS)]


def learning_curves(
    history: History,
    *,
    epochs: int,
    measured_on: str,
    revision: str,
    axis: Axis = "epochs",
    smoothing: float = 0.0,
) -> go.Figure:
    """Accuracy above, loss below, of one run that may still be training: per step and per epoch.

    Args:
        history: what has been recorded so far.
        epochs: epochs asked for; an axis in epochs shows them all.
        measured_on: role of the images that are not trained on, for the legend.
        revision: zoom and hidden legend entries stay as long as this does.
        axis: what the lines run along.
        smoothing: of the lines per step, from 0 to below 1 (see `smoothed`); as they are, they stay faint.
    """
    x: dict[str, Any] = {"title": AXIS_TITLES[axis], "rangemode": "tozero"}
    if axis == "epochs":
        x |= {"range": [0, epochs], "rangemode": "normal"}
    accuracy = {"title": "accuracy (share)", "range": [0, 1]}
    loss = {"title": "loss (nats)", "rangemode": "tozero"}
    figure = framed(
        _study_lines(history, axis, measured_on, smoothing),
        stacked([accuracy, loss], x, gap=0.06),
        height=480,
        title=_progress_title(history, measured_on),
        revision=revision,
    )
    limit_losses(figure, [history.steps["loss"], history.epochs["loss"]], axes="2")
    return figure


def study_panels(curves: Sequence[Curve]) -> go.Figure:
    """The study's Figures 1 and 2: a panel a model on the same axes, accuracy red and loss blue.

    Args:
        curves: one a panel, at least one.
    """
    figure = make_subplots(
        rows=1,
        cols=len(curves),
        subplot_titles=[_shortened(curve.name, PANEL_TITLE_CHARACTERS // len(curves)) for curve in curves],
        specs=[[{"secondary_y": True}] * len(curves)],
        horizontal_spacing=0.04,
    )
    for column, curve in enumerate(curves, start=1):
        for quantity, color in STUDY_COLORS.items():
            for prefix, dash in (("train_", "dash"), ("", "solid")):
                label = f"{quantity}, {TRAINING_LABEL if prefix else 'not trained on'}"
                figure.add_trace(
                    go.Scatter(
                        x=curve.epoch,
                        y=curve.values[f"{prefix}{quantity}"],
                        name=label,
                        legendgroup=label,
                        showlegend=column == 1,
                        mode="lines",
                        line={"color": color, "dash": dash, "width": 2},
                    ),
                    row=1,
                    col=column,
                    secondary_y=quantity == "loss",
                )
    figure.update_xaxes(title_text="epoch", range=[0, max(_last(curve.epoch) for curve in curves)])
    top = _top_loss(curves)
    figure.update_yaxes(range=[0, 1], dtick=0.2, secondary_y=False)
    figure.update_yaxes(range=[0, top], dtick=top / 5, tickformat=".1f", showgrid=False, secondary_y=True)
    figure.update_yaxes(showticklabels=False)
    figure.update_yaxes(showticklabels=True, secondary_y=False, col=1)
    figure.update_yaxes(showticklabels=True, secondary_y=True, col=len(curves))
    figure.update_yaxes(title_text="accuracy (share)", secondary_y=False, col=1)
    figure.update_yaxes(title_text="loss (nats)", secondary_y=True, col=len(curves))
    figure.update_annotations(font_size=13)
    return finish(figure, height=400, title="Each model on its own, on the same axes")


def _study_lines(history: History, axis: Axis, measured_on: str, smoothing: float) -> list[go.Scatter]:
    """Each quantity per step and per epoch; last and faint, the steps as they are where they are smoothed."""
    marked = "lines+markers" if len(history.epochs["epoch"]) < 60 else "lines"
    steps, epochs = along(history, history.steps, axis), along(history, history.epochs, axis)
    lines, faint_lines = [], []
    for panel, (quantity, color) in enumerate(STUDY_COLORS.items(), start=1):
        at = {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}
        lines += [
            go.Scatter(
                **_sent(thin(steps, smoothed(history.steps[quantity], smoothing))),
                **at,
                name=f"{quantity}, {TRAINING_LABEL}",
                mode="lines",
                line={"color": color, "dash": "dot", "width": 1.3},
                opacity=0.75,
            ),
            go.Scatter(
                **_sent(thin(epochs, history.epochs[quantity])),
                **at,
                name=f"{quantity}, {measured_on}",
                mode=marked,
                line={"color": color, "width": 2.5},
            ),
        ]
        if smoothing > 0:
            raw = _sent(thin(steps, history.steps[quantity]))
            line = {"color": color, "width": 1}
            look = {"mode": "lines", "line": line, "opacity": 0.2, "showlegend": False, "hoverinfo": "skip"}
            faint_lines.append(go.Scatter(**raw, **at, **look))
    return lines + faint_lines


def _sent(line: Line2D) -> dict[str, np.ndarray]:
    """The points in half the bytes; seven digits are more than a screen shows."""
    return {"x": line.x.astype(np.float32), "y": line.y.astype(np.float32)}


def _progress_title(history: History, measured_on: str) -> str:
    if not len(history.epochs["epoch"]):
        return "No epoch is complete yet"
    accuracy, epoch = history.epochs["accuracy"][-1], int(history.epochs["epoch"][-1])
    return f"Accuracy {accuracy:.3f} on {images_of(measured_on)} after epoch {epoch}"


def _shortened(name: str, characters: int) -> str:
    """A name that fits: its middle gives way, as runs of one series differ at the ends."""
    if len(name) <= characters:
        return literal(name)
    half = max(1, (characters - 1) // 2)
    return literal(f"{name[:half]}…{name[-half:]}")


def _last(values: np.ndarray) -> float:
    return float(values[-1]) if len(values) else 1.0


def _top_loss(curves: Sequence[Curve]) -> float:
    """A common upper end for losses, a round number; outliers of a first epoch may leave the picture."""
    losses = ordinary_losses([curve.values[name] for curve in curves for name in ("loss", "train_loss")])
    return max(0.5, float(np.ceil(2.1 * np.percentile(losses, 95))) / 2) if len(losses) else 1.0
