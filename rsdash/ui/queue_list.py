"""The waiting runs in their order, to be moved or taken out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.queue import move_in_queue, waiting_runs
from rsdash.jobs.requests import request_cancel
from rsdash.runs.index import RunEntry
from rsdash.ui.server import server
from rsdash.ui.words import plain

SHOWN = 10


def queue_list() -> None:
    """One line a waiting run, with buttons; nothing where none waits."""
    waiting = waiting_runs(server().listing().entries)
    if not waiting:
        return
    st.subheader("Queue")
    for place, entry in enumerate(waiting[:SHOWN]):
        _line(waiting, entry, place)
    if len(waiting) > SHOWN:
        st.caption(f"{len(waiting) - SHOWN} more wait behind these.")


def _line(waiting: list[RunEntry], entry: RunEntry, place: int) -> None:
    last = place == len(waiting) - 1
    with st.container(horizontal=True, vertical_alignment="center", key=f"queued-{entry.id}"):
        st.markdown(f"{place + 1}\\. {plain(entry.name)}")
        if st.button("Earlier", key=f"up-{entry.id}", type="tertiary", disabled=not place):
            _do(lambda: move_in_queue(waiting, entry, place - 1))
        if st.button("Later", key=f"down-{entry.id}", type="tertiary", disabled=last):
            _do(lambda: move_in_queue(waiting, entry, place + 1))
        if st.button("Cancel", key=f"out-{entry.id}", type="tertiary"):
            _do(lambda: request_cancel(entry))


def _do(action: Callable[[], object]) -> None:
    try:
        action()
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    server().refresh()
    st.rerun(scope="fragment")
