"""Settings that are not the same in all chosen runs, changes on the way included."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import SettingAxis, parallel_settings
from rsdash.config import as_text
from rsdash.evaluation.comparison import Contender, differing_settings
from rsdash.evaluation.names import names_apart
from rsdash.runs.index import RunEntry
from rsdash.ui.words import plain

FEWEST_LINES = 3
MOST_AXES = 10


def settings_view(entries: Sequence[RunEntry], contenders: Sequence[Contender]) -> None:
    """A table of what differs, and for many runs a line a run through these settings."""
    differing = differing_settings({entry.id: entry.config for entry in entries})
    names = names_apart(entries)
    if not differing:
        same = "These runs were asked for with the same settings."
        st.caption(same if len(entries) > 1 else "One run only; choose another to see what differs.")
    else:
        rows = [
            {"Setting": name, **{names[run_id]: as_text(value) or "–" for run_id, value in values.items()}}
            for name, values in differing.items()
        ]
        st.dataframe(rows, hide_index=True, alt="Settings that differ between the chosen runs")
    for entry in entries:
        for amendment in entry.state.amendments:
            st.caption(
                f"{plain(names[entry.id])}: {plain(amendment.setting)} was changed to {amendment.value:g} "
                f"at step {amendment.step:,}; the table shows the last value."
            )
    _lines(contenders, list(differing))


def _lines(contenders: Sequence[Contender], names: Sequence[str]) -> None:
    measured = [contender for contender in contenders if contender.figures]
    if len(measured) < FEWEST_LINES or not names:
        return
    axes = [
        SettingAxis(name, [_axis_value(getattr(contender.config, name)) for contender in measured])
        for name in names[:MOST_AXES]
    ]
    accuracies = [contender.figures.accuracy for contender in measured if contender.figures]
    st.plotly_chart(
        parallel_settings(axes, accuracies),
        key="parallel",
        alt=f"Settings {', '.join(names[:MOST_AXES])} of {len(measured)} runs, coloured by accuracy",
    )


def _axis_value(value: object) -> float | str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return as_text(value) or "–"
