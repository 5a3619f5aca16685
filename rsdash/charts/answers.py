"""What a model answers after each epoch: confusion of classes, and probabilities of the probe tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.style import MOST_IN_A_MATRIX, WITHOUT_LEGEND, class_color, framed, literal
from rsdash.palette import DOUBTFUL_COLOR, RIGHT_COLOR, WRONG_COLOR
from rsdash.runs.watched import Confusion, ProbeHistory

MOST_WITH_NUMBERS = 21
MOST_PAIRS = 25
MOST_LINES = 6
MOST_TICKS = 12
PROBABILITY_SCALE = ((0.0, WRONG_COLOR), (0.5, DOUBTFUL_COLOR), (1.0, RIGHT_COLOR))
"""From wrong to right."""


def confusion_matrix(confusion: Confusion, classes: Sequence[str], *, revision: str) -> go.Figure:
    """True classes to the left, answers below; colour is the share of a true class.

    With more than MOST_IN_A_MATRIX classes, the commonest mistakes as bars.

    Args:
        confusion: of one epoch.
        classes: names in label order.
        revision: zoom stays as long as this does.
    """
    if len(classes) > MOST_IN_A_MATRIX:
        return _mistakes(confusion, classes, revision)
    matrix = np.zeros((len(classes), len(classes)), int)
    matrix[confusion.counts[:, 0], confusion.counts[:, 1]] = confusion.counts[:, 2]
    names = [literal(name) for name in classes]
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    cells = go.Heatmap(
        x=names,
        y=names,
        z=np.where(matrix > 0, matrix / totals, np.nan),  # what is empty shows the page, light or dark
        text=np.where(matrix > 0, matrix.astype(str), ""),
        texttemplate="%{text}" if len(classes) <= MOST_WITH_NUMBERS else "",
        customdata=matrix,
        hovertemplate="%{y} taken for %{x}: %{customdata} (%{z:.0%})<extra></extra>",
        colorscale="Blues",
        zmin=0,
        zmax=1,
        colorbar={"title": {"text": "share"}, "tickformat": ".0%", "thickness": 14},
    )
    common = {"automargin": True, "showgrid": False}
    axes = {
        "xaxis": {"title": "answer", **common},
        "yaxis": {"title": "true class", "autorange": "reversed", **common},
    }
    title = f"Epoch {confusion.epoch}: {_commonest(confusion, classes)}"
    height = 260 + (26 if len(classes) <= MOST_WITH_NUMBERS else 14) * len(classes)
    return framed([cells], WITHOUT_LEGEND | axes, height=height, title=title, revision=revision)


def probe_map(probes: ProbeHistory, classes: Sequence[str], *, revision: str) -> go.Figure:
    """Probability of each probe tile's true class over the epochs.

    Args:
        probes: at least one epoch of at least one tile.
        classes: names in label order.
        revision: zoom stays as long as this does.
    """
    labels = [f"{number}  {literal(classes[label])}" for number, label in enumerate(probes.labels, start=1)]
    shares = [probes.shares(tile, label) for tile, label in enumerate(probes.labels)]
    cells = go.Heatmap(
        x=probes.epoch,
        y=labels,
        z=np.array(shares),
        colorscale=PROBABILITY_SCALE,
        zmin=0,
        zmax=1,
        hovertemplate="%{y}, epoch %{x:.0f}<br>true class: %{z:.1%}<extra></extra>",
        colorbar={"title": {"text": "true class"}, "tickformat": ".0%", "thickness": 14},
    )
    axes = {
        "xaxis": {"title": "epoch", "dtick": _whole_epochs(probes)},
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    right = sum(
        answer[0][0] == label for answer, label in zip(probes.answers[-1], probes.labels, strict=True)
    )
    title = f"{right} of {len(labels)} probe tiles right after epoch {probes.epoch[-1]:.0f}"
    height = 180 + 22 * len(labels)
    return framed([cells], WITHOUT_LEGEND | axes, height=height, title=title, revision=revision)


def probe_lines(probes: ProbeHistory, tile: int, classes: Sequence[str], *, revision: str) -> go.Figure:
    """Probabilities of one tile's likeliest classes over the epochs, the true one as a thick line.

    Args:
        probes: at least one epoch.
        tile: its place.
        classes: names in label order.
        revision: zoom stays as long as this does.
    """
    truth = probes.labels[tile]
    answers = [answer[tile] for answer in probes.answers]
    weight: dict[int, float] = {truth: np.inf}
    for answer in answers:
        for label, share in answer:
            weight[label] = weight.get(label, 0.0) + share
    lines = [
        go.Scatter(
            x=probes.epoch,
            y=probes.shares(tile, label),
            name=literal(classes[label]) + (" (true)" if label == truth else ""),
            mode="lines+markers",
            line={"color": class_color(label), "width": 4 if label == truth else 1.8},
            connectgaps=True,
        )
        for label in sorted(weight, key=lambda label: -weight[label])[:MOST_LINES]
    ]
    axes = {
        "xaxis": {"title": "epoch", "rangemode": "tozero", "dtick": _whole_epochs(probes)},
        "yaxis": {"title": "probability", "range": [0, 1.02], "tickformat": ".0%"},
    }
    label, share = answers[-1][0]
    verdict = "right" if label == truth else "wrong"
    title = f"Tile {tile + 1}: {literal(classes[label])} at {share:.0%}, {verdict}"
    return framed(lines, axes, height=380, title=title, revision=revision)


def _whole_epochs(probes: ProbeHistory) -> int | None:
    """Epochs between two ticks where they are so few that Plotly would put ticks between them."""
    return 1 if probes.epoch[-1] <= MOST_TICKS else None


def _mistakes(confusion: Confusion, classes: Sequence[str], revision: str) -> go.Figure:
    counts = confusion.counts[confusion.counts[:, 0] != confusion.counts[:, 1]]
    counts = counts[np.argsort(-counts[:, 2], kind="stable")][:MOST_PAIRS]
    rows: list[list[int]] = counts.tolist()
    labels = [f"{literal(classes[truth])} → {literal(classes[answer])}" for truth, answer, _ in rows]
    bars = go.Bar(x=counts[:, 2], y=labels, orientation="h", text=counts[:, 2])
    axes = {"xaxis": {"title": "images"}, "yaxis": {"autorange": "reversed", "automargin": True}}
    title = f"Epoch {confusion.epoch}: the {len(counts)} commonest mistakes (true class → answer)"
    height = 200 + 22 * len(counts)
    return framed([bars], WITHOUT_LEGEND | axes, height=height, title=title, revision=revision)


def _commonest(confusion: Confusion, classes: Sequence[str]) -> str:
    counts = confusion.counts
    wrong = counts[counts[:, 0] != counts[:, 1]]
    if not len(wrong):
        return "every image is right"
    truth, answer, images = (int(number) for number in wrong[wrong[:, 2].argmax()])
    of = counts[counts[:, 0] == truth, 2].sum()
    return f"{images} of {of} {literal(classes[truth])} taken for {literal(classes[answer])}"
