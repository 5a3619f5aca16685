"""Learning curves of the chosen runs: a panel each as in the study, all in one chart, recipes as bands."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import CurveGroup, curve_from, group_overlay, overlay, study_panels
from rsdash.evaluation.verdict import Verdict
from rsdash.runs.index import RunEntry
from rsdash.ui.run_curves import chosen_axis, chosen_smoothing, curve_controls
from rsdash.ui.server import server

MOST_PANELS = 4


def curve_view(entries: Sequence[RunEntry], verdict: Verdict) -> None:
    """Curves of all chosen runs that have completed an epoch."""
    curves = {
        entry.id: curve_from(entry.name, server().history(entry.folder), measured_on=entry.watched_role)
        for entry in entries
    }
    curves = {run_id: curve for run_id, curve in curves.items() if len(curve.epoch)}
    if not curves:
        st.caption("None of these runs has completed an epoch yet.")
        return
    groups = [
        CurveGroup(recipe.label, [curves[run.id] for run in recipe.members if run.id in curves])
        for recipe in verdict.recipes
    ]
    groups = [group for group in groups if len(group.curves) > 1]
    curve_controls(smoothed="Of the lines in one chart: each epoch counts so much as the next.")
    axis, smoothing = chosen_axis(), chosen_smoothing()
    if groups:
        names = ", ".join(group.label for group in groups)
        figure = group_overlay(
            groups, title="Recipes: mean and range of their repeats", axis=axis, smoothing=smoothing
        )
        alt = f"Mean accuracy and loss over {axis} with a band for {names}"
        st.plotly_chart(figure, key="bands", alt=alt)
    shown = list(curves.values())
    names = ", ".join(curve.name for curve in shown)
    figure = overlay(shown, title="All runs", axis=axis, smoothing=smoothing)
    st.plotly_chart(figure, key="curves", alt=f"Accuracy and loss over {axis} of {names}")
    firsts = [recipe.members[0].id for recipe in verdict.recipes]
    single = [curves[run_id] for run_id in firsts if run_id in curves] if len(firsts) > 1 else shown
    names = ", ".join(curve.name for curve in single[:MOST_PANELS])
    st.plotly_chart(
        study_panels(single[:MOST_PANELS]),
        key="panels",
        alt=f"Accuracy and loss over epochs, a panel each: {names}",
    )
    if len(shown) > len(single[:MOST_PANELS]):
        st.caption("Panels show the first run of each recipe." if len(firsts) > 1 else "The first runs.")
