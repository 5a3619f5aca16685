"""What is sent of a figure that is drawn again with more points."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go

from rsdash.ui.live_chart import LARGEST_CHANGE, drawing_of


def figure(points: int, *, height: int = 300) -> go.Figure:
    x = np.arange(points, dtype=np.float32)
    return go.Figure(go.Scatter(x=x, y=1 / (1 + x))).update_layout(height=height)


def test_a_longer_line_is_sent_as_what_has_changed_until_that_is_much() -> None:
    first = drawing_of(figure(200))
    assert first.change == "null" and len(json.loads(first.whole)["data"][0]["x"]) == 200
    same = drawing_of(figure(200), first)
    longer = drawing_of(figure(205, height=400), same)
    assert (same.change, longer.token, longer.whole, longer.height) == ("null", first.token, first.whole, 400)
    assert 2 < len(longer.change) <= LARGEST_CHANGE * len(longer.whole)
    much = drawing_of(figure(400), longer)
    assert much.token != first.token and much.change == "null"
    assert len(json.loads(much.whole)["data"][0]["x"]) == 400


def test_a_line_that_goes_back_is_told_as_well() -> None:
    first = drawing_of(figure(200))
    shorter = drawing_of(figure(150), first)
    assert shorter.token == first.token
    assert json.loads(shorter.change)[1]["data"][1]["0"][1]["x"] == ["items", {}, 150, []]
