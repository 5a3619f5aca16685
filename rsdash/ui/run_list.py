"""Runs as a table, and the choice of one or several that the URL remembers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st

from rsdash.runs.index import RunEntry
from rsdash.ui.words import duration, plain, state_text


def run_rows(entries: Sequence[RunEntry]) -> list[dict[str, Any]]:
    """One row a run, for `st.dataframe`."""
    return [
        {
            "Name": entry.name + ("  (example)" if entry.example else ""),
            "State": state_text(entry),
            "Model": entry.config.model,
            "Accuracy": entry.state.summary.accuracy,
            "Loss": entry.state.summary.loss,
            "Curve": list(entry.state.summary.sparkline),
            "Progress": 100 * entry.state.summary.step / max(entry.state.summary.steps, 1),
            "Data": entry.request.data.name + (" (synthetic)" if entry.request.data.synthetic else ""),
            "Role": entry.state.summary.role or "–",
            "Time": duration(entry.state.summary.elapsed_s),
        }
        for entry in entries
    ]


def run_table(entries: Sequence[RunEntry], *, key: str) -> int | None:
    """Show runs as a table; returns the place of the one that was ticked."""
    event = st.dataframe(
        run_rows(entries),
        key=key,
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        alt="Table of runs with state, model, data, accuracy, loss and learning curve",
        column_config={
            "Accuracy": st.column_config.NumberColumn(format="%.4f"),
            "Loss": st.column_config.NumberColumn(format="%.4f"),
            "Curve": st.column_config.LineChartColumn("Accuracy over epochs", y_min=0, y_max=1, width=130),
            "Progress": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0, max_value=100, width=90
            ),
        },
    )
    rows = event["selection"]["rows"]
    return rows[0] if rows else None


def pick_run(
    entries: Sequence[RunEntry], *, key: str, label: str, with_accuracy: bool = False
) -> RunEntry | None:
    """Choose one run; the URL's `run` holds its id.

    Args:
        entries: the runs offered.
        key: names the list on its page.
        label: stands above it.
        with_accuracy: for runs that are all evaluated.
    """
    if not entries:
        return None
    by_id = {entry.id: entry for entry in entries}
    asked = st.query_params.get("run")
    if asked and asked not in by_id:
        st.warning(f"There is no run {plain(asked)} to choose here; another one is shown.")
    if key not in st.session_state and asked in by_id:
        st.session_state[key] = asked
    if st.session_state.get(key) not in by_id:
        st.session_state.pop(key, None)
    words = _label_with_accuracy if with_accuracy else run_label
    chosen = st.selectbox(label, list(by_id), key=key, format_func=lambda run_id: words(by_id[run_id]))
    if chosen is None:
        return None
    st.query_params["run"] = chosen
    return by_id[chosen]


def run_label(entry: RunEntry) -> str:
    """A run in one line that stays the same while it trains.

    A list in a browser keeps the texts it was drawn with, and loses its choice where they change.
    """
    made = time.strftime("%d %b %Y %H:%M", time.localtime(entry.request.created_at))
    return f"{entry.name} · {'example' if entry.example else made}"


def _label_with_accuracy(entry: RunEntry) -> str:
    accuracy = entry.state.summary.accuracy
    return run_label(entry) + ("" if accuracy is None else f" · accuracy {accuracy:.3f}")
