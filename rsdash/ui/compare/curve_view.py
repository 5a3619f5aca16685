"""Learning curves of the chosen runs: recipes as bands, all runs in one chart, or a panel each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import Curve, CurveGroup, group_overlay, overlay, study_panels
from rsdash.evaluation.verdict import Verdict
from rsdash.report.curves import recipe_curves, run_curves
from rsdash.runs.index import RunEntry
from rsdash.ui.run_curves import chosen_axis, chosen_smoothing, curve_controls
from rsdash.ui.server import server

MOST_PANELS = 4
RECIPES, TOGETHER, APART = "Recipes", "All in one", "A panel each"
WAY_KEY = "curves-drawn"


def curve_view(entries: Sequence[RunEntry], verdict: Verdict) -> None:
    """Curves of all chosen runs that have completed an epoch."""
    curves = run_curves(entries, server().history)
    if not curves:
        st.caption("None of these runs has completed an epoch yet.")
        return
    groups = recipe_curves(verdict.recipes, curves)
    way = _chosen_way(with_recipes=bool(groups))
    if way == APART:
        firsts = [recipe.members[0].id for recipe in verdict.recipes]
        chosen = [curves[run_id] for run_id in firsts if run_id in curves] if len(firsts) > 1 else []
        _panels(chosen or list(curves.values()), among=len(curves))
        return
    curve_controls(
        smoothed="Evens out the lines: a running mean in which each epoch counts so many times as much as "
        "the one after it. 0 shows them as they are."
    )
    if way == RECIPES:
        _bands(groups)
    else:
        _in_one(list(curves.values()))


def _chosen_way(*, with_recipes: bool) -> str:
    """One chart at a time, which stands at once; recipes first, where there are repeats."""
    ways = [RECIPES, TOGETHER, APART] if with_recipes else [TOGETHER, APART]
    if st.session_state.get(WAY_KEY) not in ways:
        st.session_state.pop(WAY_KEY, None)
    return st.segmented_control("Shown as", ways, key=WAY_KEY, default=ways[0], required=True)


def _bands(groups: Sequence[CurveGroup]) -> None:
    axis, names = chosen_axis(), ", ".join(group.label for group in groups)
    figure = group_overlay(
        groups,
        title="Accuracy and loss of each recipe: mean and range",
        axis=axis,
        smoothing=chosen_smoothing(),
    )
    alt = f"Mean accuracy and loss over {axis} with a band for {names}"
    st.plotly_chart(figure, key="curves-recipes", alt=alt)


def _in_one(curves: Sequence[Curve]) -> None:
    axis, names = chosen_axis(), ", ".join(curve.name for curve in curves)
    title = f"Accuracy and loss over {axis}"
    figure = overlay(curves, title=title, axis=axis, smoothing=chosen_smoothing())
    st.plotly_chart(figure, key="curves-in-one", alt=f"{title} of {names}")


def _panels(curves: Sequence[Curve], *, among: int) -> None:
    shown = curves[:MOST_PANELS]
    names = ", ".join(curve.name for curve in shown)
    st.plotly_chart(
        study_panels(shown), key="curves-apart", alt=f"Accuracy and loss over epochs, a panel each: {names}"
    )
    if among > len(shown):
        st.caption("Panels show the first run of each recipe." if among > len(curves) else "The first runs.")
