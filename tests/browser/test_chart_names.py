"""Classes that are named with numbers, as in CORINE and WorldCover, stay names on every axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser

from rsdash.charts import class_counts, class_deltas, matrix_map, probability_bars, split_counts

CORINE = ["111", "112", "231"]
ZEROS = np.zeros(3)
CHARTS: dict[str, Callable[[], go.Figure]] = {
    "counts": lambda: class_counts(dict.fromkeys(CORINE, 5)),
    "parts": lambda: split_counts({"train": [1, 2, 3]}, CORINE),
    "probabilities": lambda: probability_bars(CORINE, [0.5, 0.3, 0.2], labels=[0, 1, 2]),
    "matrix": lambda: matrix_map(np.eye(3, dtype=np.int64), CORINE, title="CORINE"),
    "differences": lambda: class_deltas(CORINE, ZEROS, ZEROS, ZEROS, np.ones(3), names=("a", "b")),
}
CLASS_TICKS = "[...document.querySelectorAll('.ytick text')].map((tick) => tick.textContent)"


@pytest.mark.parametrize("chart", CHARTS)
def test_numbers_stay_names(chromium: Browser, chart: str) -> None:
    figure = CHARTS[chart]()
    figure.update_layout(template="none")  # pages bring a theme of their own, which has no such rule
    page = chromium.new_page()
    page.set_content(figure.to_html(include_plotlyjs=True))
    page.wait_for_selector(".ytick text")
    ticks = page.evaluate(CLASS_TICKS)
    assert {tick.split()[0] for tick in ticks} == set(CORINE)
    page.close()
