"""Below the answer: one of several looks at the chosen runs; only the one in view is built and sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.recipes import Recipe, out_of_fold
from rsdash.report.facts import Compared
from rsdash.ui.compare.answer import all_figures, pair_table, recipe_table
from rsdash.ui.compare.calibration_view import calibration_view
from rsdash.ui.compare.class_view import class_view
from rsdash.ui.compare.cost_view import cost_view
from rsdash.ui.compare.curve_view import curve_view
from rsdash.ui.compare.gradient_view import gradient_view
from rsdash.ui.compare.report_form import report_form
from rsdash.ui.compare.settings_view import settings_view
from rsdash.ui.compare.tile_view import tile_view
from rsdash.ui.words import plain

KEY = "look"
RECIPES_KEPT = 64


def look(compared: Compared) -> None:
    """Choose a look, see it."""
    chosen = st.segmented_control(
        "Look closer", list(LOOKS), key=KEY, default="Curves", required=True, label_visibility="collapsed"
    )
    try:
        LOOKS[chosen or "Curves"](compared)
    except RsdashError as error:
        st.error(plain(str(error)))


def _with_folds(compared: Compared) -> list[Contender]:
    """The runs, and each complete k-fold as a whole."""
    pooled = [_pooled(recipe) for recipe in compared.verdict.recipes]
    return [*(one for one in pooled if one), *compared.contenders]


@lru_cache(maxsize=RECIPES_KEPT)
def _pooled(recipe: Recipe) -> Contender | None:
    """Told apart by the recipe itself, which is kept with its verdict."""
    return out_of_fold(recipe)


def _statistics(compared: Compared) -> None:
    verdict = compared.verdict
    all_figures(compared.contenders)
    recipe_table(compared)
    if verdict.pairs:
        st.subheader("Pairs of trained models")
        pair_table(compared)
    elif len(verdict.recipes) < 2:
        st.caption("Two evaluated runs on the same images make a pair; choose another run.")


LOOKS: dict[str, Callable[[Compared], None]] = {
    "Curves": lambda compared: curve_view(compared.entries, compared.verdict),
    "Statistics": _statistics,
    "Classes": lambda compared: class_view(_with_folds(compared)),
    "Tiles": lambda compared: tile_view(_with_folds(compared)),
    "Confidence": calibration_view,
    "Cost": lambda compared: cost_view(compared.entries, compared.contenders),
    "Gradients": lambda compared: gradient_view(compared.entries),
    "Settings": lambda compared: settings_view(compared.entries, compared.contenders),
    "Report": report_form,
}
