"""The two runs that are looked at side by side, or the one; the same choice in every look."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rsdash.evaluation.comparison import Contender, evaluated
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.recipes import partners

FIRST, SECOND = "pair-first", "pair-second"


def choose_shown(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """Choose two evaluated runs that were measured on the same images; at first those that say most.

    One run where no two can be put side by side, and none where none is evaluated.
    """
    paired = partners(contenders)
    if paired:
        left, right = st.columns(2)
        first = _pick(left, "First run", FIRST, list(paired))
        return first, _pick(right, "Second run", SECOND, paired[first])
    alone = evaluated(contenders)
    if not alone:
        st.caption("None of these runs has been evaluated yet.")
        return ()
    st.caption("Two evaluated runs on the same images in the same role would stand side by side.")
    return (_pick(st.columns(2)[0], "Run", FIRST, alone) if len(alone) > 1 else alone[0],)


def _pick(column: DeltaGenerator, label: str, key: str, offered: Sequence[Contender]) -> Contender:
    by_id = {one.id: one for one in offered}
    if st.session_state.get(key) not in by_id:
        st.session_state[key] = offered[0].id
    return by_id[column.selectbox(label, list(by_id), key=key, format_func=names_apart(offered).__getitem__)]
