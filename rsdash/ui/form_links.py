"""What an address brings into the form: settings of a run, a data set and split, or what was typed before."""

from __future__ import annotations

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.first_weights import weights_of
from rsdash.ui.form_memory import kept_here, restore
from rsdash.ui.server import server
from rsdash.ui.settings_form import choose_data, fill_form, recall_form, set_field
from rsdash.ui.words import plain

CLONED, TAKEN = "cloned", "taken-data"


def offer_anew() -> None:
    """Have the next click on a link to the form fill it, whichever link was followed last."""
    for mark in (CLONED, TAKEN):
        st.session_state.pop(mark, None)


def fill_from_address() -> None:
    """Fill the form as it was before a reload, else as the link says that led to it, once."""
    if restore(server().forms) or kept_here():  # what was typed came after the link
        st.session_state[CLONED], st.session_state[TAKEN] = _run_asked(), _data_asked()
    recall_form()
    _clone()
    _take_data()


def _run_asked() -> tuple[str, bool]:
    """Id of the run, and whether its weights are meant too."""
    return st.query_params.get("from", ""), st.query_params.get("weights") == "own"


def _data_asked() -> tuple[str, str]:
    """Data set and split."""
    return st.query_params.get("data", ""), st.query_params.get("split", "")


def _clone() -> None:
    asked, onwards = _run_asked()
    if not asked or st.session_state.get(CLONED) == (asked, onwards):
        return
    st.session_state[CLONED] = (asked, onwards)
    try:
        entry = server().listing().find(asked)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    fill_form(entry.config)
    if onwards:
        set_field("weights", weights_of(entry))
    st.toast(f"Settings of {plain(entry.name)}{', starting from its weights' if onwards else ''}")


def _take_data() -> None:
    data, split = _data_asked()
    if data and st.session_state.get(TAKEN) != (data, split):
        st.session_state[TAKEN] = (data, split)
        choose_data(data, split)
