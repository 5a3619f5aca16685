"""Below the answer: one of several looks at the chosen runs; only the one in view is built and sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.verdict import Verdict
from rsdash.runs.index import RunEntry
from rsdash.ui.compare.answer import pair_table, recipe_table
from rsdash.ui.compare.calibration_view import calibration_view
from rsdash.ui.compare.class_view import class_view
from rsdash.ui.compare.cost_view import cost_view
from rsdash.ui.compare.curve_view import curve_view
from rsdash.ui.compare.report_form import report_form
from rsdash.ui.compare.settings_view import settings_view
from rsdash.ui.compare.tile_view import tile_view
from rsdash.ui.gradient_comparison import gradient_comparison
from rsdash.ui.words import plain

KEY = "look"
Chosen = tuple[Sequence[RunEntry], Sequence[Contender], Verdict]


def look(entries: Sequence[RunEntry], contenders: Sequence[Contender], verdict: Verdict) -> None:
    """Choose a look, see it."""
    chosen = st.segmented_control(
        "Look closer", list(LOOKS), key=KEY, default="Curves", required=True, label_visibility="collapsed"
    )
    try:
        LOOKS[chosen or "Curves"]((entries, contenders, verdict))
    except RsdashError as error:
        st.error(plain(str(error)))


def _statistics(chosen: Chosen) -> None:
    _, _, verdict = chosen
    recipe_table(verdict)
    if verdict.pairs:
        st.subheader("Pairs of trained models")
        pair_table(verdict)
    elif len(verdict.recipes) < 2:
        st.caption("Two evaluated runs on the same images make a pair; choose another run.")


LOOKS: dict[str, Callable[[Chosen], None]] = {
    "Curves": lambda chosen: curve_view(chosen[0], chosen[2]),
    "Statistics": _statistics,
    "Classes": lambda chosen: class_view(chosen[1]),
    "Tiles": lambda chosen: tile_view(chosen[1]),
    "Confidence": lambda chosen: calibration_view(chosen[0], chosen[1]),
    "Cost": lambda chosen: cost_view(chosen[0], chosen[1]),
    "Gradients": lambda chosen: gradient_comparison(chosen[0]),
    "Settings": lambda chosen: settings_view(chosen[0], chosen[1]),
    "Report": lambda chosen: report_form(*chosen),
}
