"""One run: live curves, progress, what can be done to it, and looks inside."""

import streamlit as st

from rsdash.errors import RunNotFoundError
from rsdash.jobs.unattended import has_yet_to_look
from rsdash.runs.index import RunEntry
from rsdash.runs.states import ENDED
from rsdash.ui.evaluate_form import evaluate_form
from rsdash.ui.exchange_form import choose_imported, export_form, import_form
from rsdash.ui.links import page
from rsdash.ui.run_actions import run_actions
from rsdash.ui.run_changes import about_run
from rsdash.ui.run_curves import HISTORY_AGE_S, curve_controls, study_curves
from rsdash.ui.run_inside import run_inside
from rsdash.ui.run_list import pick_run
from rsdash.ui.run_status import details, notices, status
from rsdash.ui.server import server
from rsdash.ui.words import plain, state_text

TICK_S = 2.0
LOOK_S = 5.0
"""How often the page of an ended run looks whether it goes on, as another page or a command line may ask; and
how often settings and log of a live one are brought up to date."""

choose_imported("run")
entries = server().listing().entries
entry = pick_run(entries, key="run", label="Run")
if entry is None:
    st.title("Run")
    st.info("No runs yet. Start one on the Train page.")
    st.page_link(page("train"), label="Train a model")
    import_form()
    st.stop()

live = entry.state.state not in ENDED or has_yet_to_look(entry)


def as_it_is(run_id: str) -> RunEntry:
    """The run at this moment; where it was deleted in another tab, the whole page runs anew and says so."""
    try:
        return server().listing().find(run_id)
    except RunNotFoundError:
        st.rerun()


@st.fragment(run_every=TICK_S if live else None)
def watch(run_id: str) -> None:
    entry = as_it_is(run_id)
    status(entry)
    run_actions(entry)
    under_way = entry.state.state not in ENDED
    history = server().history(entry.folder, age_s=HISTORY_AGE_S if under_way else 0.0)
    notices(entry, history)
    study_curves(entry, history)
    curve_controls()
    run_inside(entry, history)
    if live and entry.state.state in ENDED and not has_yet_to_look(entry):
        st.session_state["ended"] = run_id
        st.rerun()


@st.fragment(run_every=LOOK_S)
def look(run_id: str) -> None:
    entry = as_it_is(run_id)
    if entry.state.state not in ENDED or has_yet_to_look(entry):
        st.rerun()


@st.fragment(run_every=LOOK_S if live else None)
def records(run_id: str) -> None:
    details(as_it_is(run_id))


heading = plain(entry.name)
st.title(heading)
if entry.example:
    st.caption("An example shipped with rsdash, without its weights: it can be compared, but not resumed.")
if st.session_state.pop("ended", None) == entry.id:
    st.toast(f"{heading}: {state_text(entry)}", duration="long")
watch(entry.id)
if not live and not entry.example:
    look(entry.id)
if not entry.example:
    with st.expander("Name, tags and note"):
        about_run(entry)
records(entry.id)
evaluate_form(entry)
export_form(entry)
import_form()
