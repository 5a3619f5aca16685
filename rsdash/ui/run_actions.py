"""Stop, pause, resume, cancel, clone and delete, as far as the state of a run allows."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.requests import delete_run, request_cancel, request_pause, request_resume, request_stop
from rsdash.runs.index import RunEntry
from rsdash.runs.states import ENDED, EVALUATED, LIVING, RunState
from rsdash.ui.form_links import offer_anew
from rsdash.ui.links import page
from rsdash.ui.run_changes import change_settings
from rsdash.ui.server import server
from rsdash.ui.words import plain

CHECKPOINT_GONE = (
    "It has no checkpoint to go on from: those of older finished runs are deleted to save space. *Keep its "
    "checkpoint*, below under *Name, tags and note*, prevents that. *Clone to form* trains it anew."
)


def run_actions(entry: RunEntry) -> None:
    """A row of buttons; each writes a request that the worker or the runner answers."""
    state = entry.state.state
    with st.container(horizontal=True, vertical_alignment="center"):
        if state in LIVING - {RunState.EVALUATING, RunState.STOPPING}:
            _button("Pause", entry, request_pause, "Write a checkpoint and free the device; resume later.")
            _button("Stop", entry, request_stop, "End early; keep and evaluate what was learnt.")
        if state in ENDED - {RunState.FINISHED} and not entry.example:
            if entry.state.checkpoint_step is not None:
                _button(
                    "Resume", entry, request_resume, "Go on from the last checkpoint, first in the queue."
                )
                if entry.state.checkpoint_step < entry.state.summary.step:
                    epoch = entry.state.checkpoint_epoch(entry.config.epochs)
                    st.caption(f"goes on from epoch {epoch:.1f}, its last checkpoint", width="content")
            elif state not in EVALUATED:
                _button("Begin again", entry, request_resume, "From the first step, first in the queue.")
        if not entry.example:
            _offer_changes(entry)
        if state not in ENDED:
            _button("Cancel", entry, request_cancel, "Give up; nothing is evaluated.")
        if state in EVALUATED:
            st.page_link(
                page("compare"),
                label="Compare",
                icon=":material/compare_arrows:",
                query_params={"runs": entry.id},
            )
            if not entry.example:
                st.page_link(
                    page("predict"),
                    label="Predict",
                    icon=":material/image_search:",
                    query_params={"run": entry.id},
                )
        offer_anew()
        st.page_link(
            page("train"),
            label="Clone to form",
            icon=":material/content_copy:",
            query_params={"from": entry.id},
        )
        if state in EVALUATED and entry.folder.weights_path.is_file():
            st.page_link(
                page("train"),
                label="Train on from these weights",
                icon=":material/model_training:",
                query_params={"from": entry.id, "weights": "own"},
            )
        if state in ENDED and not entry.example:
            with st.popover("Delete"):
                st.write("Deletes the run's folder with its weights and figures.")
                if st.button("Delete for good", key="delete", type="primary"):
                    _delete(entry)


def _offer_changes(entry: RunEntry) -> None:
    if entry.state.state in EVALUATED and entry.state.checkpoint_step is None:
        st.button("Extend", key="extend", disabled=True, help=CHECKPOINT_GONE)
    elif entry.state.state not in (RunState.EVALUATING, RunState.STOPPING):
        change_settings(entry)


def _button(label: str, entry: RunEntry, request: Callable[[RunEntry], str], text: str) -> None:
    if st.button(label, key=label.lower().replace(" ", "-"), help=text):
        try:
            request(entry)
        except RsdashError as error:
            st.error(plain(str(error)))
            return
        server().refresh()
        st.toast(f"{label}: asked for")
        if entry.state.state in ENDED:
            st.rerun()  # the page, which polls only what may change, has to begin to


def _delete(entry: RunEntry) -> None:
    try:
        delete_run(entry)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    server().index.refresh()
    st.switch_page(page("overview"))
