"""Two trained models on the same images: whose answers differ, class by class and cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.style import finish, literal
from rsdash.palette import BETTER_COLOR, EQUAL_COLOR, UNCLEAR_COLOR, WORSE_COLOR

MOST_WITH_NUMBERS = 21
DIFFERENCE_SCALE = ((0.0, WORSE_COLOR), (0.5, EQUAL_COLOR), (1.0, BETTER_COLOR))
"""From where the second model is better to where the first is."""


def matrix_map(matrix: np.ndarray, classes: Sequence[str], *, title: str) -> go.Figure:
    """A confusion matrix: true classes to the left, answers below; colour is the share of a true class.

    Args:
        matrix: int64 of shape (K, K).
        classes: K names.
        title: says what it shows.
    """
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return _map(matrix / totals, matrix, classes, title=title, scale="Blues", span=(0.0, 1.0))


def matrix_difference(
    first: np.ndarray, second: np.ndarray, classes: Sequence[str], *, title: str
) -> go.Figure:
    """First confusion matrix less second: green where that favours the first model, red the second.

    A surplus on the diagonal is right answers, off it mistakes, so the sign turns off the diagonal.

    Args:
        first: int64 of shape (K, K), of the same images as
        second: the other.
        classes: K names.
        title: says what it shows.
    """
    difference = first - second
    favour = np.where(np.eye(len(classes), dtype=bool), difference, -difference)
    most = float(max(1, np.abs(favour).max()))
    span = (-most, most)
    return _map(favour, difference, classes, title=title, scale=DIFFERENCE_SCALE, span=span, signed=True)


def class_deltas(
    classes: Sequence[str],
    difference: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    support: np.ndarray,
    *,
    names: tuple[str, str],
) -> go.Figure:
    """Difference in producer's accuracy class by class with 95 % intervals, sorted.

    Args:
        classes: K names.
        difference: first less second, shares of shape (K,); NaN where a class has no images.
        low: lower ends.
        high: upper ends.
        support: images of each class.
        names: of the two models.
    """
    known = np.flatnonzero(np.isfinite(difference))
    order = known[np.argsort(difference[known], kind="stable")]
    colors = [_verdict_color(float(low[k]), float(high[k])) for k in order.tolist()]
    figure = go.Figure(
        go.Bar(
            x=100 * difference[order],
            y=[f"{literal(classes[int(k)])} (n = {support[k]:,})" for k in order],
            orientation="h",
            marker_color=colors,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": 100 * (high - difference)[order],
                "arrayminus": 100 * (difference - low)[order],
                "thickness": 1.2,
                "width": 3,
            },
            customdata=np.stack([100 * low[order], 100 * high[order]], axis=1),
            hovertemplate="%{y}: %{x:+.1f} [%{customdata[0]:.1f}, %{customdata[1]:.1f}]<extra></extra>",
        )
    )
    first, second = (literal(name) for name in names)
    figure.update_xaxes(title_text="points of producer's accuracy", zeroline=True)
    figure.update_yaxes(automargin=True)
    clear = sum(color != UNCLEAR_COLOR for color in colors)
    title = f"{first} less {second}: {clear} of {len(order)} classes differ beyond their own interval"
    return finish(figure, height=170 + 26 * max(len(order), 3), title=title)


def _verdict_color(low: float, high: float) -> str:
    """First model better, second model better, or an interval that holds zero."""
    return BETTER_COLOR if low > 0 else WORSE_COLOR if high < 0 else UNCLEAR_COLOR


def _map(
    colors: np.ndarray,
    counts: np.ndarray,
    classes: Sequence[str],
    *,
    title: str,
    scale: object,
    span: tuple[float, float],
    signed: bool = False,
) -> go.Figure:
    names = [literal(name) for name in classes]
    texts = np.where(counts != 0, np.vectorize(lambda n: f"{n:+d}" if signed else f"{n:,}")(counts), "")
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=np.where(counts != 0, colors, np.nan),  # what is empty shows the page, light or dark
            text=texts,
            texttemplate="%{text}" if len(classes) <= MOST_WITH_NUMBERS else "",
            hoverinfo="skip",
            colorscale=scale,
            zmin=span[0],
            zmax=span[1],
            showscale=False,
        )
    )
    words = [
        f"{count:+d} answers" if signed else f"{count:,} ({color:.0%})"
        for count, color in zip(counts.flat, colors.flat, strict=True)
    ]
    _add_targets(figure, names, words)
    figure.update_xaxes(title_text="answer", automargin=True, tickangle=-45, showgrid=False)
    figure.update_yaxes(title_text="true class", autorange="reversed", automargin=True, showgrid=False)
    height = 230 + (24 if len(classes) <= MOST_WITH_NUMBERS else 13) * len(classes)
    return finish(figure, height=height, title=title).update_layout(margin_b=40, margin_r=10)


def _add_targets(figure: go.Figure, names: Sequence[str], words: Sequence[str]) -> None:
    """An unseen point in each cell that says what it holds and can be clicked, as a map's cells cannot."""
    unseen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=[name for _ in names for name in names],
        y=[name for name in names for _ in names],
        mode="markers",
        marker={"size": 16, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        text=words,
        hovertemplate="%{y} taken for %{x}: %{text}<extra></extra>",
        showlegend=False,
    )
