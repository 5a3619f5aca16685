"""The study's two curves of a run, live: accuracy and loss per step and per epoch."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure

from rsdash.charts import AXIS_TITLES, Axis, learning_curves
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry
from rsdash.runs.notices import GO_BACK
from rsdash.ui.live_chart import drawing_of, live_chart
from rsdash.ui.server import server

AXIS_KEY, SMOOTHING_KEY = "curve-axis", "curve-smoothing"
MOST_SMOOTHING = 0.95
HISTORY_AGE_S = 1.9
"""A little less than a tick of the page: charts are drawn once a tick for all who watch."""


def curve_controls(
    smoothed: str = "Evens out the dotted lines, which have a point a few steps: a running mean in which "
    "each point counts so many times as much as the one after it. 0 shows them as they are logged.",
) -> None:
    """What the curves run along, and how much they are smoothed; `smoothed` says which are."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        st.segmented_control(
            "Over", list(AXIS_TITLES), key=AXIS_KEY, default="epochs", required=True, width="content"
        )
        st.slider("Smoothing", 0.0, MOST_SMOOTHING, 0.0, 0.05, key=SMOOTHING_KEY, width=260, help=smoothed)


def chosen_axis() -> Axis:
    """What the person wants curves to run along."""
    return st.session_state.get(AXIS_KEY) or "epochs"


def chosen_smoothing() -> float:
    """How much the person wants curves to be smoothed, from 0 to below 1."""
    return st.session_state.get(SMOOTHING_KEY, 0.0)


def study_curves(entry: RunEntry, history: History) -> None:
    """Accuracy above, loss below."""
    axis, smoothing = chosen_axis(), chosen_smoothing()
    epochs, done = entry.config.epochs, entry.state.summary.epoch
    shared_chart(
        entry,
        f"learning curves {axis} {smoothing} {epochs}",
        (part_revision(history, history.steps["step"]), len(history.epochs["step"])),
        lambda: learning_curves(
            history,
            epochs=epochs,
            measured_on=entry.watched_role,
            revision=f"{entry.id} {axis}",
            axis=axis,
            smoothing=smoothing,
        ),
        key="chart",
        alt=f"Accuracy and loss of {entry.name} over {done} of {epochs} epochs",
    )


def shared_chart(
    entry: RunEntry, kind: str, revision: Hashable, build: Callable[[], Figure], *, key: str, alt: str
) -> None:
    """A live chart that is drawn once for all who watch.

    Args:
        entry: the run.
        kind: names the chart among those of the run, choices of the viewer included.
        revision: changes with what is drawn.
        build: draws it.
        key: names its place on the page.
        alt: what it shows, for those who cannot see it.
    """
    drawing = server().payload(entry.folder, kind, revision, lambda before: drawing_of(build(), before))
    live_chart(drawing, key=f"{key}-{entry.id}", alt=alt)


def part_revision(history: History, steps: Any) -> tuple[int, float, int]:
    """Changes when rows are added to a part of a history, or taken back.

    Args:
        history: the whole.
        steps: step of each row of the part, ascending.
    """
    returns = sum(notice.kind in GO_BACK for notice in history.notices)
    return len(steps), float(steps[-1]) if len(steps) else -1.0, returns
