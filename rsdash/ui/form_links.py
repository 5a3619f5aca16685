"""What a link brings into the form: the settings of a run, or a data set and split."""

from __future__ import annotations

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.first_weights import weights_of
from rsdash.ui.server import server
from rsdash.ui.settings_form import choose_data, fill_form, set_field
from rsdash.ui.words import plain

CLONED, TAKEN = "cloned", "taken-data"


def offer_anew() -> None:
    """Have the next click on a link to the form fill it, whichever link was followed last."""
    for mark in (CLONED, TAKEN):
        st.session_state.pop(mark, None)


def clone_from_url() -> None:
    """Take over the settings of the run that the URL names, once; with `weights=own` its weights too."""
    asked, onwards = st.query_params.get("from"), st.query_params.get("weights") == "own"
    if asked and st.session_state.get(CLONED) != (asked, onwards):
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


def data_from_url() -> None:
    """Take over the data set and split that the URL names, once."""
    data, split = st.query_params.get("data"), st.query_params.get("split", "")
    if data and st.session_state.get(TAKEN) != (data, split):
        st.session_state[TAKEN] = (data, split)
        choose_data(data, split)
