"""Charts whose bars are classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rsdash.charts.style import PART_COLORS, class_color, finish, literal


def class_counts(counts: Mapping[str, int]) -> go.Figure:
    """Images of each class as bars."""
    names = list(counts)
    figure = go.Figure(
        go.Bar(
            x=list(counts.values()),
            y=[literal(name) for name in names],
            orientation="h",
            text=[f"{n:,}" for n in counts.values()],
            textangle=0,
            marker_color=[class_color(label) for label in range(len(names))],
        )
    )
    figure.update_xaxes(title_text="images", tickformat=",")
    figure.update_yaxes(autorange="reversed", automargin=True)
    low, high = min(counts.values()), max(counts.values())
    title = f"{len(names)} classes of {low:,} to {high:,} images" if low < high else f"{low:,} images a class"
    return finish(figure, height=170 + 26 * len(names), title=title)


def split_counts(counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> go.Figure:
    """Images of each class in each part of a split, side by side in one bar a class.

    Args:
        counts: part → images of each class, in the order of classes.
        classes: class names.
    """
    figure = go.Figure()
    for part, numbers in counts.items():
        if any(numbers):
            figure.add_bar(
                x=list(numbers),
                y=[literal(name) for name in classes],
                name=part,
                orientation="h",
                marker_color=PART_COLORS[part],
                text=[f"{number:,}" for number in numbers],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
            )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(title_text="images", tickformat=",")
    figure.update_yaxes(autorange="reversed", automargin=True)
    totals = ", ".join(f"{sum(numbers):,} {part}" for part, numbers in counts.items() if any(numbers))
    return finish(figure, height=190 + 26 * len(classes), title=f"Images of each class: {totals}")


def probability_bars(
    classes: Sequence[str], probabilities: Sequence[float], *, labels: Sequence[int]
) -> go.Figure:
    """The most probable classes of one image as bars, the most probable on top.

    Args:
        classes: class names, the most probable first.
        probabilities: how sure the model is of each, from 0 to 1.
        labels: places of the classes in the data set's list, which give the colours.
    """
    figure = go.Figure(
        go.Bar(
            x=list(probabilities),
            y=[literal(name) for name in classes],
            orientation="h",
            cliponaxis=False,
            text=[f"{share:.1%}" for share in probabilities],
            textposition="outside",
            marker_color=[class_color(label) for label in labels],
        )
    )
    figure.update_xaxes(
        title_text="how sure (calibrated)", range=[0, 1.12], tickformat=".0%", tickvals=[0, 0.5, 1]
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    return finish(figure, height=170 + 26 * len(classes), title=f"Most probable: {literal(classes[0])}")
