"""One run: live curves, progress, and what can be done to it."""

import streamlit as st

from rsdash.charts import learning_curves
from rsdash.runs.index import RunEntry
from rsdash.runs.states import ENDED
from rsdash.ui.links import page
from rsdash.ui.live_chart import live_chart
from rsdash.ui.run_actions import run_actions
from rsdash.ui.run_list import pick_run
from rsdash.ui.run_status import details, notices, status
from rsdash.ui.server import server
from rsdash.ui.words import plain, state_text

TICK_S = 1.0


def chart(entry: RunEntry) -> None:
    history = server().history(entry.folder)
    summary, epochs = entry.state.summary, entry.config.epochs
    figure = server().payload(
        entry.folder,
        "learning curves",
        history.revision,
        lambda: learning_curves(history, epochs=epochs, measured_on=entry.watched_role, revision=entry.id),
    )
    alt = f"Accuracy and loss of {entry.name} over {summary.epoch} of {epochs} epochs"
    live_chart(figure, key=f"chart-{entry.id}", alt=alt)


entries = server().listing().entries
entry = pick_run(entries, key="run", label="Run")
if entry is None:
    st.title("Run")
    st.info("No runs yet. Start one on the Train page.")
    st.page_link(page("train"), label="Train a model")
    st.stop()

live = entry.state.state not in ENDED or entry.has_requests


@st.fragment(run_every=TICK_S if live else None)
def watch(run_id: str) -> None:
    entry = server().listing().find(run_id)
    status(entry)
    run_actions(entry)
    notices(entry, server().history(entry.folder))
    chart(entry)
    if live and entry.state.state in ENDED and not entry.has_requests:
        st.session_state["ended"] = run_id
        st.rerun()


heading = plain(entry.name)
st.title(heading)
if entry.example:
    st.caption("An example shipped with rsdash, without its weights: it can be compared, but not resumed.")
if st.session_state.pop("ended", None) == entry.id:
    st.toast(f"{heading}: {state_text(entry)}", duration="long")
watch(entry.id)
details(entry)
