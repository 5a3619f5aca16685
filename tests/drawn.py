"""Plotly figures as tests look at them."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go


def traces(figure: go.Figure) -> Any:
    """What is drawn; plotly's stubs do not say."""
    return figure.data


def layout(figure: go.Figure) -> Any:
    """Its frame, the same way."""
    return figure.layout
