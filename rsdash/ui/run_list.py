"""Runs as a table, and the choice of one or several that the URL remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rsdash.runs.index import RunEntry
from rsdash.ui.words import duration, state_text


def run_rows(entries: Sequence[RunEntry]) -> list[dict[str, Any]]:
    """One row a run, for `st.dataframe`."""
    return [
        {
            "Name": entry.name + ("  (example)" if entry.example else ""),
            "State": state_text(entry),
            "Model": entry.request.config.model,
            "Accuracy": entry.state.summary.accuracy,
            "Loss": entry.state.summary.loss,
            "Curve": list(entry.state.summary.sparkline),
            "Progress": entry.state.summary.step / max(entry.state.summary.steps, 1),
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
        on_select="rerun",
        selection_mode="single-row",
        alt="Table of runs with state, model, data, accuracy, loss and learning curve",
        column_config={
            "Accuracy": st.column_config.NumberColumn(format="%.4f"),
            "Loss": st.column_config.NumberColumn(format="%.4f"),
            "Curve": st.column_config.LineChartColumn("Accuracy over epochs", y_min=0, y_max=1, width=130),
            "Progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, width=90),
        },
    )
    rows = event["selection"]["rows"]
    return rows[0] if rows else None


def pick_run(entries: Sequence[RunEntry], *, key: str, label: str) -> RunEntry | None:
    """Choose one run; the URL's `run` holds its id."""
    if not entries:
        return None
    by_id = {entry.id: entry for entry in entries}
    asked = st.query_params.get("run")
    if key not in st.session_state and asked in by_id:
        st.session_state[key] = asked
    if st.session_state.get(key) not in by_id:
        st.session_state.pop(key, None)
    chosen = st.selectbox(label, list(by_id), key=key, format_func=lambda run_id: run_label(by_id[run_id]))
    if chosen is None:
        return None
    st.query_params["run"] = chosen
    return by_id[chosen]


def run_label(entry: RunEntry) -> str:
    """A run in one line."""
    accuracy = entry.state.summary.accuracy
    figure = f", accuracy {accuracy:.3f}" if accuracy is not None else ""
    return f"{entry.name} · {state_text(entry)}{figure}"
