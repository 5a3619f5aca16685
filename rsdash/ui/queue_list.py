"""The waiting runs in their order, a page of them at a time, to be moved or taken out."""

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

RUNS_PER_PAGE = 10
"""So that the list, which is redrawn at each tick, takes no longer where a grid of a hundred runs waits."""
_PAGE = "queue-page"


def queue_list() -> None:
    """One line a waiting run, with buttons; nothing where none waits."""
    waiting = waiting_runs(server().listing().entries)
    if not waiting:
        return
    st.subheader("Queue")
    start = (_page(len(waiting)) - 1) * RUNS_PER_PAGE
    for place, entry in enumerate(waiting[start : start + RUNS_PER_PAGE], start):
        _line(waiting, entry, place)


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


def _page(waiting: int) -> int:
    """The page that a person has turned to, counted from 1."""
    pages = -(-waiting // RUNS_PER_PAGE)
    if pages == 1:
        return 1
    if st.session_state.get(_PAGE, 1) > pages:
        st.session_state[_PAGE] = pages  # runs were started or cancelled, and with them the last page
    st.caption(f"{waiting} runs wait, {RUNS_PER_PAGE} a page.")
    return st.pagination(pages, key=_PAGE)


def _line(waiting: list[RunEntry], entry: RunEntry, place: int) -> None:
    last = place == len(waiting) - 1
    buttons = (
        ("First", "first", _move, (entry.id, -place), not place),
        ("Earlier", "up", _move, (entry.id, -1), not place),
        ("Later", "down", _move, (entry.id, 1), last),
        ("Cancel", "out", _cancel, (entry.id,), False),
    )
    with st.container(horizontal=True, vertical_alignment="center", key=f"queued-{entry.id}"):
        st.markdown(f"{place + 1}\\. {plain(entry.name)}")
        for label, key, action, args, disabled in buttons:
            key = f"{key}-{entry.id}"
            st.button(label, key=key, type="tertiary", on_click=action, args=args, disabled=disabled)


def _move(run_id: str, by: int) -> None:
    def move() -> None:
        listing = server().listing()
        entry, waiting = listing.find(run_id), waiting_runs(listing.entries)
        place = next((place for place, other in enumerate(waiting) if other.id == run_id), 0)
        move_in_queue(waiting, entry, place + by)

    _do(move)


def _cancel(run_id: str) -> None:
    _do(lambda: request_cancel(server().listing().find(run_id)))


def _do(action: Callable[[], object]) -> None:
    """Carry out a click, before the list is drawn anew."""
    try:
        action()
    except RsdashError as error:
        st.toast(plain(str(error)), duration="long")
    server().refresh()
