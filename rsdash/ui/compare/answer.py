"""The answer of a comparison: the verdict, the study's Table 2, recipes over seeds, pairs of models."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import seed_spread
from rsdash.evaluation.comparison import STUDY_SOURCE, Contender
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.verdict import Finding, Verdict
from rsdash.evaluation.wording import (
    REPEATS_LEGEND,
    figure_text,
    intervals_in_words,
    p_text,
    pair_tests_in_words,
    points,
)
from rsdash.report.facts import Compared
from rsdash.report.tables import COLUMNS, MORE_COLUMNS, MORE_LEGEND, figure_table, more_figures
from rsdash.ui.words import plain

PAIRS_SHOWN = 60


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


def recipe_table(verdict: Verdict) -> None:
    """Mean and spread of each recipe that was run more than once."""
    repeated = [recipe for recipe in verdict.recipes if len(recipe.accuracies) > 1]
    if not repeated:
        return
    st.subheader("Recipes over their repeats")
    rows = []
    for recipe in repeated:
        summary = recipe.summary
        interval = summary.interval
        rows.append({
            "Recipe": recipe.label,
            "Repeats": f"{summary.count} {recipe.unit}",
            "Mean accuracy": figure_text(summary.mean, interval.half_width if interval else None),
            "Standard deviation": f"{summary.sd:.4f}",
            "Lowest": f"{min(recipe.accuracies):.4f}",
            "Highest": f"{max(recipe.accuracies):.4f}",
            "Left out": ", ".join(run.name for run in recipe.repeated) or None,
        })  # fmt: skip
    left, right = st.columns([3, 2])
    left.dataframe(rows, hide_index=True, placeholder="–", alt="Mean and spread of accuracy of each recipe")
    left.caption(f"{REPEATS_LEGEND} A run left out repeats the seed of another.")
    values = [(recipe.label, recipe.accuracies) for recipe in repeated]
    names = ", ".join(label for label, _ in values)
    right.plotly_chart(seed_spread(values), key="seed-spread", alt=f"Accuracy of each repeat of {names}")


def pair_table(verdict: Verdict) -> None:
    """Every two trained models on the same images, the clearest difference first."""
    pairs = verdict.pairs[:PAIRS_SHOWN]
    if not pairs:
        return
    rows, names = [], names_apart(run for pair in pairs for run in (pair.first, pair.second))
    for pair in pairs:
        result, interval = pair.result, pair.result.interval
        rows.append({
            "More accurate": names[pair.first.id],
            "Less accurate": names[pair.second.id],
            "Points": points(result.difference),
            "95 % interval": f"{points(interval.low)} to {points(interval.high)}" if interval else None,
            "Only the first right": result.first_only,
            "Only the second right": result.second_only,
            "p": None if result.p is None else p_text(result.p),
            "p by Holm": None if pair.adjusted_p is None else p_text(pair.adjusted_p),
        })  # fmt: skip
    st.dataframe(
        rows, hide_index=True, placeholder="–", alt="Differences between trained models, pair by pair"
    )
    st.caption(pair_tests_in_words(verdict.pairs))
