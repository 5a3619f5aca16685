"""What a person changes about a run: its rate and length while it trains, its name, tags and note."""

from __future__ import annotations

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.requests import request_epochs, request_rate
from rsdash.runs.index import RunEntry
from rsdash.runs.states import RunState
from rsdash.ui.server import server
from rsdash.ui.words import plain

LONGEST_RUN = 10_000
"""Epochs."""


def change_settings(entry: RunEntry) -> None:
    """A folded form for the learning rate and the number of epochs."""
    finished = entry.state.state is RunState.FINISHED
    with st.popover("Extend" if finished else "Change", key="change"), st.form("change-form", border=False):
        rate = entry.config.learning_rate
        if not finished:
            rate = st.number_input(
                "Learning rate",
                key=f"new-rate-{entry.id}",
                value=rate,
                min_value=0.0,
                format="%.6g",
                help="Holds from the next step on; where a schedule moves the rate, this is its peak.",
            )
        epochs = st.number_input(
            "Epochs",
            key=f"new-epochs-{entry.id}",
            value=entry.config.epochs,
            min_value=1,
            max_value=LONGEST_RUN,
            help="A schedule is stretched to the new end. A finished run goes on from its last checkpoint.",
        )
        if st.form_submit_button("Apply", key="apply-change", type="primary"):
            _apply(entry, rate, int(epochs))


def about_run(entry: RunEntry) -> None:
    """Name, tags and note in a form; a pinned run keeps its checkpoint."""
    about = entry.about
    with st.form(f"about-{entry.id}", border=False):
        name = st.text_input("Name", value=about.name, max_chars=120, key=f"name-{entry.id}")
        tags = st.multiselect(
            "Tags", _known_tags(), about.tags, accept_new_options=True, key=f"tags-{entry.id}"
        )
        note = st.text_area("Note", value=about.note, max_chars=4000, key=f"note-{entry.id}")
        pinned = st.toggle(
            "Keep its checkpoint",
            value=about.pinned,
            key=f"pinned-{entry.id}",
            help="Checkpoints of older finished runs are deleted to save space, and they cannot be extended.",
        )
        if st.form_submit_button("Save", key="save-about"):
            if not name.strip():
                st.error("A run needs a name.")
                return
            changes = {"name": name.strip(), "tags": tuple(tags), "note": note.strip(), "pinned": pinned}
            entry.folder.write_about(**changes)
            server().index.refresh()
            st.rerun()


def _known_tags() -> list[str]:
    return sorted({tag for entry in server().listing().entries for tag in entry.about.tags})


def _apply(entry: RunEntry, rate: float, epochs: int) -> None:
    try:
        if rate != entry.config.learning_rate:
            request_rate(entry, rate)
        if epochs != entry.config.epochs:
            request_epochs(entry, epochs)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    server().refresh()
    st.rerun()
