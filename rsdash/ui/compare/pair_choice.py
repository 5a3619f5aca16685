"""The two runs that are looked at side by side, or the one; the same choice in every look."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rsdash.evaluation.comparison import Contender, accuracy_of, comparable, evaluated
from rsdash.evaluation.names import names_apart

FIRST, SECOND = "pair-first", "pair-second"


def choose_shown(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """Choose two evaluated runs that were measured on the same images; the best two at first.

    One run where no two can be put side by side, and none where none is evaluated.
    """
    ranked = sorted(evaluated(contenders), key=accuracy_of, reverse=True)
    partners = {
        one.id: [other for other in ranked if other is not one and comparable(one, other)] for one in ranked
    }
    paired = [one for one in ranked if partners[one.id]]
    if paired:
        left, right = st.columns(2)
        first = _pick(left, "First run", FIRST, paired)
        return first, _pick(right, "Second run", SECOND, partners[first.id])
    if not ranked:
        st.caption("None of these runs has been evaluated yet.")
        return ()
    st.caption("Two evaluated runs on the same images in the same role would stand side by side.")
    return (_pick(st.columns(2)[0], "Run", FIRST, ranked) if len(ranked) > 1 else ranked[0],)


def _pick(column: DeltaGenerator, label: str, key: str, offered: Sequence[Contender]) -> Contender:
    by_id = {one.id: one for one in offered}
    if st.session_state.get(key) not in by_id:
        st.session_state[key] = offered[0].id
    return by_id[column.selectbox(label, list(by_id), key=key, format_func=names_apart(offered).__getitem__)]
