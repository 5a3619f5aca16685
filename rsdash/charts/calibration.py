"""How far a model's confidence can be believed: reliability diagrams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.curves import run_color
from rsdash.charts.style import finish, literal
from rsdash.palette import REFERENCE_COLOR


@dataclass(frozen=True)
class ReliabilityLine:
    """One model's reliability.

    Attributes:
        name: of the run.
        confidence: mean confidence of each bin, shape (B,); NaN where it is empty.
        accuracy: share right in each bin, shape (B,).
        count: images of each bin, shape (B,).
    """

    name: str
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def reliability_diagram(lines: Sequence[ReliabilityLine], *, title: str) -> go.Figure:
    """Share of right answers over stated confidence; on the diagonal, confidence can be taken at its word.

    Args:
        lines: one a run; the size of a marker says how many images its bin holds.
        title: says what it shows.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": REFERENCE_COLOR, "dash": "dot", "width": 1.3},
        name="perfectly calibrated",
        hoverinfo="skip",
    )
    for position, line in enumerate(lines):
        filled = line.count > 0
        share = line.count[filled] / max(1, line.count.sum())
        figure.add_scatter(
            x=line.confidence[filled],
            y=line.accuracy[filled],
            customdata=line.count[filled],
            mode="lines+markers",
            name=literal(line.name),
            line={"color": run_color(position), "width": 2},
            marker={"size": 5 + 22 * np.sqrt(share)},
            hovertemplate="says %{x:.0%}, right %{y:.0%} (%{customdata:,} images)<extra></extra>",
        )
    figure.update_xaxes(title_text="stated confidence", range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(title_text="share right", range=[0, 1.02], tickformat=".0%")
    return finish(figure, height=440, title=title)
