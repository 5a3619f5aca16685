"""What is going on: recent runs, devices, and the study to repeat."""

import streamlit as st

from rsdash.runs.states import ENDED
from rsdash.ui.device_list import device_list
from rsdash.ui.links import page
from rsdash.ui.run_list import run_table
from rsdash.ui.server import server
from rsdash.ui.study import repeat_the_study

RECENT = 12
TICK_S = 2.0

st.title("rsdash")
st.caption("Train, compare and use image classifiers for remote-sensing scenes.")

own = [entry for entry in server().listing().entries if not entry.example]
examples = [entry for entry in server().listing().entries if entry.example]
busy = any(entry.state.state not in ENDED for entry in own)


@st.fragment(run_every=TICK_S if busy else None)
def recent_runs() -> None:
    entries = [entry for entry in server().listing().entries if not entry.example][:RECENT]
    if not entries:
        st.info("No runs yet. Repeat the study below, or choose settings of your own on the Train page.")
        return
    st.caption("Tick a run to open it.")
    chosen = run_table(entries, key="recent-runs")
    if chosen is not None:
        st.switch_page(page("run"), query_params={"run": entries[chosen].id})
    if busy and all(entry.state.state in ENDED for entry in entries):
        st.rerun()


st.subheader("Recent runs")
recent_runs()
if len(own) > RECENT:
    st.caption(f"The newest {RECENT} of {len(own)} runs; the Compare page lists all.")

left, right = st.columns([3, 2], gap="large")
with left:
    st.subheader("Repeat the study")
    repeat_the_study()
with right:
    st.subheader("Devices")
    device_list()
    if examples:
        st.subheader("An example to look at")
        st.caption("Two finished runs shipped with rsdash, without their weights.")
        ids = [entry.id for entry in examples[:2]]
        st.page_link(page("compare"), label="Open the example comparison", query_params={"runs": ids})
