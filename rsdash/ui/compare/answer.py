"""The answer of a comparison: the verdict, the study's Table 2, recipes over seeds, pairs of models."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import seed_spread
from rsdash.evaluation.comparison import STUDY_SOURCE, Contender
from rsdash.evaluation.verdict import Finding
from rsdash.evaluation.wording import intervals_in_words
from rsdash.report.evidence import RECIPES_LEGEND, pair_rows, pairs_legend, recipe_rows, repeated_recipes
from rsdash.report.facts import Compared
from rsdash.report.tables import COLUMNS, MORE_COLUMNS, MORE_LEGEND, figure_table, more_figures
from rsdash.ui.words import plain


def answer(compared: Compared) -> None:
    """The verdict first, then what it rests on."""
    contenders, verdict = compared.contenders, compared.verdict
    for contender in contenders:
        if contender.problem:
            st.warning(plain(contender.problem))
    if verdict.finding is Finding.NOT_COMPARABLE:
        st.info(plain(verdict.headline))
    else:
        st.markdown(f"#### {plain(verdict.headline)}")
    for note in verdict.notes:
        st.caption(plain(note))
    table_2(contenders)


def table_2(contenders: Sequence[Contender]) -> None:
    """The study's Table 2: accuracy and loss a model, the study's own figures in grey below."""
    table = figure_table(contenders)
    lines = [" | ".join(COLUMNS), ":--|--:|--:|--:|--:|--:|--:|:--"]
    lines += [" | ".join(plain(cell) for cell in row) for row in table.rows]
    lines += [" | ".join(f":gray[{plain(cell)}]" if cell else "" for cell in row) for row in table.reference]
    st.markdown("\n".join(f"| {line} |" for line in lines))
    st.caption(
        f"± is half the width of a 95 % interval {intervals_in_words(contenders)}. It does not hold the "
        f"spread of seeds. The study's rows ({plain(STUDY_SOURCE)}) are for reference and are never ranked."
    )


def all_figures(contenders: Sequence[Contender]) -> None:
    """Every overall figure of each run."""
    table = more_figures(contenders)
    if table:
        st.subheader("All figures")
        rows = [dict(zip(MORE_COLUMNS, row, strict=True)) for row in table]
        st.dataframe(rows, hide_index=True, alt="All overall figures of each run")
        st.caption(MORE_LEGEND)


def recipe_table(compared: Compared) -> None:
    """Mean and spread of each recipe that was run more than once."""
    rows = recipe_rows(compared)
    if not rows:
        return
    st.subheader("Recipes over their repeats")
    left, right = st.columns([3, 2])
    left.dataframe(rows, hide_index=True, placeholder="–", alt="Mean and spread of accuracy of each recipe")
    left.caption(RECIPES_LEGEND)
    values = [(recipe.label, recipe.accuracies) for recipe in repeated_recipes(compared.verdict)]
    names = ", ".join(label for label, _ in values)
    right.plotly_chart(seed_spread(values), key="seed-spread", alt=f"Accuracy of each repeat of {names}")


def pair_table(compared: Compared) -> None:
    """Every two trained models on the same images, the clearest difference first."""
    rows = pair_rows(compared)
    if rows:
        st.dataframe(
            rows, hide_index=True, placeholder="–", alt="Differences between trained models, pair by pair"
        )
        st.caption(pairs_legend(compared.verdict))
