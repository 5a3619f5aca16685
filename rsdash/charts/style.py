"""What all charts share: the colours of classes and parts, and the frame of a figure.

A class keeps its colour on every page, by its place in the data set's list of classes; a part of a split
keeps one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType

from rsdash.palette import CLASS_COLORS, PART_COLORS, class_color

__all__ = [
    "CLASS_COLORS",
    "MARGIN",
    "MOST_IN_A_MATRIX",
    "PART_COLORS",
    "WITHOUT_LEGEND",
    "class_color",
    "faint",
    "finish",
    "framed",
    "literal",
]

MOST_IN_A_MATRIX = 60
"""Classes up to which a confusion matrix is drawn."""

MARGIN = {"l": 60, "r": 30, "t": 70, "b": 90}
"""Around a figure with a legend, px."""
WITHOUT_LEGEND: dict[str, Any] = {"hovermode": "closest", "margin": MARGIN | {"b": 50}}
"""What differs where nothing stands below the axis, and each thing tells of itself alone."""


def literal(text: str) -> str:
    """A name of a person's own so that Plotly shows it as typed, not as the few tags it knows."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def faint(color: str, opacity: float = 0.15) -> str:
    """A colour `#rrggbb` that lets what is behind it through."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return f"rgba({red},{green},{blue},{opacity})"


def framed(
    traces: Sequence[BaseTraceType], axes: Mapping[str, Any], *, height: int, title: str, revision: str = ""
) -> go.Figure:
    """A whole figure at once, for those that are drawn again and again.

    Plotly takes milliseconds for each later change of a figure, and as long for all of it together.

    Args:
        traces: what is drawn.
        axes: their layout, and whatever else differs from the frame that all figures have.
        height: px.
        title: says what it shows.
        revision: keeps zoom and legend as long as it is the same.
    """
    return go.Figure(traces, {**_frame(height, title, revision), **axes})


def finish(figure: go.Figure, *, height: int, title: str) -> go.Figure:
    """Title, margins and legend of a figure that is drawn once."""
    return figure.update_layout(**_frame(height, title, revision=""))


def _frame(height: int, title: str, revision: str) -> dict[str, Any]:
    """Names that look like numbers, such as a class 111 of CORINE, stay names."""
    return {
        "height": height,
        "title": {"text": title, "font": {"size": 15}, "x": 0, "xanchor": "left"},
        "margin": MARGIN,
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified" if revision else "closest",
        "uirevision": revision or None,
        "autotypenumbers": "strict",
    }
