"""The waiting runs in their order, to be moved or taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.jobs.devices import CPU_SLOT, Slot, slots_for
from rsdash.jobs.queue import in_the_way, move_in_queue, waiting_runs
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


def place_in_words(entry: RunEntry, entries: Sequence[RunEntry], slots: tuple[Slot, ...]) -> str:
    """Where a run stands in the queue, and which device it waits for.

    Args:
        entry: a waiting run.
        entries: all runs.
        slots: devices of this machine.
    """
    ids = [other.id for other in waiting_runs(entries)]
    if entry.id not in ids:
        return ""
    text = f"Place {ids.index(entry.id) + 1} of {len(ids)} in the queue."
    if holding := in_the_way(entry, entries, slots):
        names = ", ".join(other.name for other in holding)
        text += f" Waits for {_device(slots_for(entry.config.device, slots))}, in use by {names}."
    return text


def _device(slots: tuple[Slot, ...]) -> str:
    first, *others = slots
    if others:
        return f"one of {len(slots)} GPUs"
    return "the CPU" if first.id == CPU_SLOT else f"the {first.name}"


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
