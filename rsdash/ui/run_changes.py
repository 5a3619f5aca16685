"""What a person changes about a run: its rate and length while it trains, its name, tags and note."""

from __future__ import annotations

import streamlit as st

from rsdash.errors import ConfigError, RsdashError
from rsdash.jobs.requests import request_changes
from rsdash.runs.index import RunEntry
from rsdash.runs.records import About
from rsdash.runs.states import EVALUATED
from rsdash.ui.server import server
from rsdash.ui.words import plain

LONGEST_RUN = 10_000
"""Epochs."""


def change_settings(entry: RunEntry) -> None:
    """A folded form for the learning rate and the number of epochs; it folds once they are taken."""
    if st.session_state.pop("asked-to-change", False):
        st.rerun()  # the page, which polls only what may change, has to begin to
    evaluated = entry.state.state in EVALUATED
    folded = st.popover("Extend" if evaluated else "Change", key="change", on_change="rerun")
    if not folded.open:
        st.session_state.pop(_field(entry, "problem"), None)
        return  # once it is opened again, its fields show what is in force then
    if _field(entry, "epochs") not in st.session_state:
        st.session_state[_field(entry, "shown")] = _in_force(entry)
    rate, epochs = st.session_state[_field(entry, "shown")]
    with folded, st.form("change-form", border=False):
        if not evaluated:
            st.text_input(
                "Learning rate",
                key=_field(entry, "rate"),
                value=rate,
                help="Holds from the next step on; where a schedule moves the rate, this is its peak.",
            )
        st.number_input(
            "Epochs",
            key=_field(entry, "epochs"),
            value=epochs,
            min_value=1,
            max_value=LONGEST_RUN,
            help="A schedule is stretched to the new end: where one-cycle or cosine had come down, the rate "
            "rises again, and accuracy may dip first. An evaluated run goes on from its last checkpoint.",
        )
        st.form_submit_button("Apply", key="apply-change", type="primary", on_click=_apply, args=(entry,))
        if problem := st.session_state.get(_field(entry, "problem")):
            st.error(plain(problem))


def about_run(entry: RunEntry) -> None:
    """Name, tags and note in a form; a pinned run keeps its checkpoint.

    Only fields that were changed here are written: the others may have been changed elsewhere meanwhile.
    """
    if f"name-{entry.id}" not in st.session_state:
        st.session_state[_field(entry, "about")] = entry.about
    about: About = st.session_state[_field(entry, "about")]
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
            help="Checkpoints of finished runs are deleted, to save space, once some others have ended after "
            "them; without one, a run cannot be extended.",
        )
        if st.form_submit_button("Save", key="save-about"):
            fields = {"name": name, "tags": tuple(tags), "note": note.strip(), "pinned": pinned}
            changes = {field: value for field, value in fields.items() if value != getattr(about, field)}
            try:
                if "name" in changes:
                    changes["name"] = server().index.refresh().free_name(name, entry)
                entry.folder.write_about(**changes)
            except RsdashError as error:
                st.error(plain(str(error)))
                return
            st.session_state[_field(entry, "about")] = about.model_copy(update=fields)
            server().index.refresh()
            st.rerun()


def _known_tags() -> list[str]:
    return sorted({tag for entry in server().listing().entries for tag in entry.about.tags})


def _field(entry: RunEntry, name: str) -> str:
    return f"new-{name}-{entry.id}"


def _in_force(entry: RunEntry) -> tuple[str, int]:
    """Learning rate and epochs; the rate as the Train form shows it, as text, so that 5e-4 can be typed."""
    return f"{entry.config.learning_rate:g}", entry.config.epochs


def _asked_rate(entry: RunEntry, shown: str) -> float | None:
    """The learning rate that was typed; None where the one that the form showed was left.

    Raises:
        ConfigError: it is no number.
    """
    text = st.session_state.get(_field(entry, "rate"), shown).strip()
    if text == shown:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"learning_rate must be a number, such as 0.0005; got {text}.") from error


def _apply(entry: RunEntry) -> None:
    """Ask for what was changed, all of it or nothing; runs before the page is drawn again.

    What was left as the form showed it is not asked for: it may have been changed elsewhere meanwhile.
    """
    rate, shown_epochs = st.session_state[_field(entry, "shown")]
    epochs = st.session_state[_field(entry, "epochs")]
    extends = epochs != shown_epochs or entry.state.state in EVALUATED  # which may have ended early
    st.session_state.pop(_field(entry, "problem"), None)
    try:
        request_changes(entry, learning_rate=_asked_rate(entry, rate), epochs=epochs if extends else None)
    except RsdashError as error:
        st.session_state[_field(entry, "problem")] = str(error)
        return
    server().refresh()
    st.session_state["change"] = False
    st.session_state["asked-to-change"] = True
