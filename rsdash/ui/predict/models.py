"""Which models are asked: one of the page, and others beside it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.runs.index import RunEntry
from rsdash.ui.links import asks_anew, chosen_before, write_address
from rsdash.ui.run_list import pick_run, run_label
from rsdash.ui.words import plain

MOST_BESIDE = 3
BESIDE = "beside"


def choose_models(usable: Sequence[RunEntry]) -> list[RunEntry]:
    """The chosen runs, that of the page first; none where there is none."""
    followed = "run" in st.query_params  # a link says which models it means
    entry = pick_run(usable, key="predictor", label="Model", with_accuracy=True)
    if entry is None:
        return []
    others = {other.id: other for other in usable if other.id != entry.id}
    asked = st.query_params.get_all(BESIDE)
    if asks_anew(BESIDE, asked):
        before = chosen_before(BESIDE) if BESIDE not in st.session_state and not followed else None
        st.session_state[BESIDE] = before or asked[:MOST_BESIDE]
    st.session_state[BESIDE] = [run for run in st.session_state[BESIDE] if run in others]
    beside = st.multiselect(
        "Other models beside it",
        list(others),
        key=BESIDE,
        format_func=lambda run: run_label(others[run]),
        max_selections=MOST_BESIDE,
        placeholder="None",
        disabled=not others,
    )
    write_address(BESIDE, BESIDE, beside)
    st.caption(f"Knows the classes {', '.join(plain(name) for name in entry.request.data.classes)}.")
    return [entry, *(others[run] for run in beside)]
