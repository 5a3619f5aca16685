"""What can be done to several chosen runs at once: tags, a note, a name, deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.requests import delete_run
from rsdash.runs.index import RunEntry
from rsdash.ui.compare.table import set_chosen
from rsdash.ui.server import server
from rsdash.ui.words import plain

NAMED = 8
"""Runs that are named before all are deleted."""
PROBLEMS = "edit-problems"


def edit_runs(entries: Sequence[RunEntry]) -> None:
    """A row of buttons for the chosen runs; examples cannot be changed."""
    own = [entry for entry in entries if not entry.example]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Choose none", key="choose-none"):
            set_chosen(())
            st.rerun()
        if not own:
            return
        with st.popover("Tag", key="tag-runs"):
            _tag_form(own)
        if len(own) == 1:
            with st.popover("Rename", key="rename-run"):
                _name_form(own[0])
        if st.button("Delete", key="delete-runs"):
            _confirm([entry.id for entry in own])


def _tag_form(own: Sequence[RunEntry]) -> None:
    known = sorted({tag for entry in server().listing().entries for tag in entry.about.tags})
    shared = sorted(set.intersection(*(set(entry.about.tags) for entry in own)))
    with st.form("tag-form", border=False):
        st.caption(f"Of {len(own)} chosen runs. Shared now: {plain(', '.join(shared)) or 'none'}.")
        added = st.multiselect("Add", known, accept_new_options=True, key="tags-added")
        removed = st.multiselect(
            "Take away", sorted({t for e in own for t in e.about.tags}), key="tags-removed"
        )
        if st.form_submit_button("Apply", key="apply-tags"):
            problems = _with_each(own, lambda entry: _tag(entry, added, removed))
            server().index.refresh()
            st.session_state[PROBLEMS] = [f"{entry.name} keeps its tags. {why}" for entry, why in problems]
            st.rerun()


def _tag(entry: RunEntry, added: Sequence[str], removed: Sequence[str]) -> None:
    tags = [tag for tag in (*entry.about.tags, *added) if tag not in removed]
    entry.folder.write_about(tags=tuple(dict.fromkeys(tags)))


def _name_form(entry: RunEntry) -> None:
    with st.form("name-form", border=False):
        name = st.text_input("Name", value=entry.name, max_chars=120, key=f"rename-{entry.id}")
        note = st.text_area("Note", value=entry.about.note, max_chars=4000, key=f"renote-{entry.id}")
        if st.form_submit_button("Save", key="save-name"):
            try:
                name = server().index.refresh().free_name(name, entry)
                entry.folder.write_about(name=name, note=note.strip())
            except RsdashError as error:
                st.error(plain(str(error)))
                return
            server().index.refresh()
            st.rerun()


@st.dialog("Delete runs")
def _confirm(run_ids: Sequence[str]) -> None:
    by_id = {entry.id: entry for entry in server().listing().entries}
    entries = [by_id[run_id] for run_id in run_ids if run_id in by_id]
    names = ", ".join(plain(entry.name) for entry in entries[:NAMED])
    more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
    count = "this run" if len(entries) == 1 else f"these {len(entries)} runs"
    st.markdown(f"Delete {count} with weights and figures: {names}{more}? This cannot be undone.")
    with st.container(horizontal=True):
        if st.button("Delete for good", key="delete-for-good", type="primary"):
            problems = _with_each(entries, delete_run)
            server().index.refresh()
            set_chosen([entry.id for entry, _ in problems])
            st.session_state[PROBLEMS] = [why for _, why in problems]
            st.rerun()
        if st.button("Keep them", key="keep-runs"):
            st.rerun()


def tell_problems() -> None:
    """What could not be changed or deleted, said once."""
    for text in st.session_state.pop(PROBLEMS, ()):
        st.error(plain(text))


def _with_each(entries: Sequence[RunEntry], action: Callable[[RunEntry], None]) -> list[tuple[RunEntry, str]]:
    """Do something to each run; returns those that it could not be done to, and why."""
    problems = []
    for entry in entries:
        try:
            action(entry)
        except RsdashError as error:
            problems.append((entry, str(error)))
    return problems
