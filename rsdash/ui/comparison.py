"""The parts of the Compare page: choice of runs, verdict, Table 2, differing settings."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.evaluation.comparison import STUDY_TABLE_2, Contender, best_of, differing_settings, why_not_ranked
from rsdash.runs.index import RunEntry
from rsdash.runs.states import RunState
from rsdash.ui.run_list import run_label
from rsdash.ui.words import figure_text, plain

KEY = "compared"


def pick_runs(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Choose runs; the URL's `runs` holds their ids."""
    by_id = {entry.id: entry for entry in entries if entry.state.state is not RunState.QUEUED}
    if KEY not in st.session_state:
        asked = st.query_params.get_all("runs")
        st.session_state[KEY] = asked
        missing = [run_id for run_id in asked if run_id not in by_id]
        if missing:
            st.warning(f"Not here, or not started yet: {plain(', '.join(missing))}.")
    st.session_state[KEY] = [run_id for run_id in st.session_state[KEY] if run_id in by_id]
    chosen = st.multiselect(
        "Runs",
        list(by_id),
        key=KEY,
        format_func=lambda run_id: run_label(by_id[run_id]),
        placeholder="Choose runs",
    )
    st.query_params["runs"] = chosen
    return [by_id[run_id] for run_id in chosen]


def verdict(contenders: Sequence[Contender]) -> None:
    """The answer in a sentence, or why there is none."""
    for contender in contenders:
        if contender.problem:
            st.warning(plain(contender.problem))
    reason = why_not_ranked(contenders)
    if reason:
        st.info(plain(reason))
        return
    best = best_of(contenders)
    measured = [contender.figures for contender in contenders if contender.figures]
    images = measured[0].images
    if best is None or best.figures is None:
        st.markdown(f"The highest accuracies are equal on these {images:,} images.")
        return
    others = [c.figures for c in contenders if c.figures and c.id != best.id]
    own, rest = best.figures.intervals.get("accuracy"), [other.intervals.get("accuracy") for other in others]
    overlap = own is None or any(other is None or other.high >= own.low for other in rest)
    doubt = (
        " Its 95 % interval overlaps another's, so this may be chance."
        if overlap
        else " Its 95 % interval lies above all others."
    )
    st.markdown(
        f"**{plain(best.name)}** has the highest accuracy of these trained models on the same {images:,} "
        f"images.{doubt} Whether its recipe is better takes several seeds each."
    )


def table_2(contenders: Sequence[Contender]) -> None:
    """The study's Table 2: accuracy and loss a model, the study's own figures in grey below."""
    lines = [
        "| model | accuracy | loss | average accuracy | macro F1 | images | role |",
        "|:--|--:|--:|--:|--:|--:|:--|",
    ]
    for contender in contenders:
        figures = contender.figures
        if figures is None:
            lines.append(f"| {plain(contender.name)} | – | – | – | – | – | not evaluated |")
            continue
        accuracy = figure_text(figures.accuracy, figures.accuracy_half_width)
        lines.append(
            f"| {plain(contender.name)} | {accuracy} | {figures.loss:.4f} | {figures.average_accuracy:.3f} "
            f"| {figures.macro_f1:.3f} | {figures.images:,} | {figures.role} |"
        )
    for row in STUDY_TABLE_2:
        cells = [
            f":gray[{text}]"
            for text in (f"the study's {row.model}", f"{row.accuracy:.4f}", f"{row.loss:.4f}")
        ]
        lines.append(f"| {' | '.join(cells)} | | | | :gray[other, unknown data] |")
    st.markdown("\n".join(lines))
    st.caption(
        "± is half the width of a 95 % interval (Wilson) over images; it does not hold the spread of seeds. "
        "The study's rows are for reference and are never ranked."
    )


def differences(entries: Sequence[RunEntry]) -> None:
    """Settings that are not the same in all chosen runs."""
    differing = differing_settings({entry.id: entry.config for entry in entries})
    if not differing:
        st.caption(
            "None: these runs were asked for with the same settings." if len(entries) > 1 else "One run only."
        )
        return
    rows = [
        {"Setting": name, **{entry.name: _text(values[entry.id]) for entry in entries}}
        for name, values in differing.items()
    ]
    st.dataframe(rows, hide_index=True, alt="Settings that differ between the chosen runs")


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
