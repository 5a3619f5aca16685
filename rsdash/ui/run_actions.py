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
    "It has no checkpoint to go on from: imported runs come without, going back from an extension can take "
    "it, and those of older finished runs are deleted to save space, unless *Keep its checkpoint* is on, "
    "below under *Name, tags and note*. *Clone to form* trains it anew."
)


def run_actions(entry: RunEntry) -> None:
    """A row of buttons; each writes a request that the worker or the runner answers."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not entry.example:
            _offer_requests(entry)
        _link_to_uses(entry)
        if entry.state.state in ENDED and not entry.example:
            with st.popover("Delete"):
                st.write("Deletes the run's folder with its weights and figures.")
                if st.button("Delete for good", key="delete", type="primary"):
                    _delete(entry)


def _offer_requests(entry: RunEntry) -> None:
    state = entry.state.state
    if state in LIVING - {RunState.EVALUATING, RunState.STOPPING}:
        _button("Pause", entry, request_pause, "Write a checkpoint and free the device; resume later.")
        if state is not RunState.STARTING or entry.state.checkpoint_step is not None:
            _button("Stop", entry, request_stop, "End early; keep and evaluate what was learnt.")
    if state in ENDED - {RunState.FINISHED}:
        _offer_resuming(entry)
    _offer_changes(entry)
    if entry.state.before:
        epochs = entry.state.before.summary.epoch
        text = (
            f"Drop what was trained after epoch {epochs}; figures and weights of then hold again. A "
            "checkpoint written since goes, too, and the run can then no longer be extended."
        )
        _button(f"Back to epoch {epochs}", entry, request_cancel, text)
    elif state not in ENDED:
        _button("Cancel", entry, request_cancel, "Give up; nothing is evaluated.")


def _offer_resuming(entry: RunEntry) -> None:
    if entry.state.checkpoint_step is not None:
        _button("Resume", entry, request_resume, "Go on from the last checkpoint, first in the queue.")
        if entry.state.checkpoint_step < entry.state.summary.step:
            epoch = entry.state.checkpoint_epoch(entry.config.epochs)
            st.caption(f"goes on from epoch {epoch:.1f}, its last checkpoint", width="content")
    elif entry.state.state not in EVALUATED:
        _button("Begin again", entry, request_resume, "From the first step, first in the queue.")


def _link_to_uses(entry: RunEntry) -> None:
    """Links to what can be done with its figures, settings and weights."""
    evaluated = entry.state.state in EVALUATED
    offer_anew()
    if evaluated:
        _link("compare", "Compare", "compare_arrows", runs=entry.id)
    if evaluated and not entry.example:
        _link("predict", "Predict", "image_search", run=entry.id)
    _link("train", "Clone to form", "content_copy", **{"from": entry.id})
    if evaluated and entry.folder.weights_path.is_file():
        fields = {"from": entry.id, "weights": "own"}
        _link("train", "Train on from these weights", "model_training", **fields)


def _link(to: str, label: str, icon: str, **query: str) -> None:
    st.page_link(page(to), label=label, icon=f":material/{icon}:", query_params=query)


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
