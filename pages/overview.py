"""What is going on: recent runs, devices, and the study to repeat."""

import streamlit as st

from rsdash.runs.index import RunEntry
from rsdash.runs.states import ENDED, LIVING, RunState
from rsdash.ui.device_list import device_list, devices_under_way
from rsdash.ui.links import page
from rsdash.ui.queue_list import queue_list
from rsdash.ui.run_list import run_table
from rsdash.ui.server import server
from rsdash.ui.study import repeat_the_study, study_under_way
from rsdash.ui.words import plain

RECENT = 12
TICK_S = 2.0
LOOK_S = 5.0
"""How often a page on which nothing changes looks whether something was started elsewhere."""


def busy() -> bool:
    """Whether anything on this page changes by itself."""
    own = (entry for entry in server().listing().entries if not entry.example)
    return any(entry.state.state not in ENDED for entry in own) or study_under_way() or devices_under_way()


def recent_runs() -> None:
    """The runs of one's own, those under way first, then the newest; a tick opens one."""
    st.subheader("Recent runs")
    for _, sentence in server().listing().problems:
        st.warning(plain(sentence))
    own = sorted((entry for entry in server().listing().entries if not entry.example), key=_rank)
    if not own:
        st.info("No runs yet. Repeat the study below, or choose settings of your own on the Train page.")
        return
    st.caption("Tick a run to open it.")
    chosen = run_table(own[:RECENT], key="recent-runs")
    if chosen is not None:
        st.switch_page(page("run"), query_params={"run": chosen.id})
    if len(own) > RECENT:
        st.caption(f"{RECENT} of {len(own)} runs; the Compare page lists all.")


def _rank(entry: RunEntry) -> int:
    """Waiting runs come last: they have a list of their own."""
    return 0 if entry.state.state in LIVING else 2 if entry.state.state is RunState.QUEUED else 1


def examples() -> None:
    """The ways to the comparisons that are shipped with rsdash, one a tag."""
    by_tag: dict[str, list[str]] = {}
    for entry in server().listing().entries:
        if entry.example:
            by_tag.setdefault(", ".join(entry.about.tags), []).append(entry.id)
    if by_tag:
        st.subheader("Examples to look at")
        st.caption("The study repeated: finished runs, shipped without their weights.")
    for tag, ids in sorted(by_tag.items()):
        st.page_link(
            page("compare"), label=f"Compare the {len(ids)} runs of {tag}", query_params={"runs": ids}
        )


watching = busy()


@st.fragment(run_every=TICK_S if watching else LOOK_S)
def content() -> None:
    """All that may change, redrawn more often while something is under way."""
    recent_runs()
    queue_list()
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Repeat the study")
        repeat_the_study()
    with right:
        st.subheader("Devices")
        device_list()
        examples()
    if watching != busy():
        st.rerun()


st.title("rsdash")
st.caption("Train, compare and use image classifiers for remote-sensing scenes.")
content()
