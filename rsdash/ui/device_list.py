"""The devices of this machine and how busy they are."""

from __future__ import annotations

import psutil
import streamlit as st

from rsdash.inference.results import DeviceFacts
from rsdash.jobs.devices import CPU_SLOT, find_slots
from rsdash.jobs.queue import slot_of
from rsdash.runs.states import LIVING
from rsdash.ui.server import server
from rsdash.ui.words import plain, size

TASK = "devices"


def device_list() -> None:
    """One line a device: name, memory, and the run that trains on it."""
    slots = find_slots()
    own = (entry for entry in server().listing().entries if not entry.example)
    living = [entry for entry in own if entry.state.state in LIVING]
    for slot in slots:
        here = [entry for entry in living if slot_of(entry, slots) == slot.id]
        doing = ", ".join(f"trains {plain(entry.name)}" for entry in here) or "idle"
        memory = f"{size(slot.memory_bytes)} memory"
        if slot.id == CPU_SLOT:
            memory += f", {size(psutil.virtual_memory().available)} free"
        st.markdown(f"**{plain(slot.name)}** · {memory} · {doing}")
    with st.popover("What PyTorch sees"):
        _as_torch_sees_them()
    if not server().runner.in_charge:
        st.caption("Another process supervises this folder of runs; this dashboard watches and takes over.")


def devices_under_way() -> bool:
    """Whether PyTorch is being asked."""
    return server().tasks.under_way(TASK)


def _as_torch_sees_them() -> None:
    task = server().tasks.get(TASK)
    if task and not task.finished:
        st.caption("Starting the inference service …")
        return
    if task is None:
        st.caption("Number formats and memory, asked of PyTorch in a process of its own.")
    elif task.error:
        st.error(plain(task.error))
    else:
        for facts in task.result:
            st.markdown(f"**{plain(facts.name)}** · {size(facts.memory_bytes)}")
    if st.button("Ask again" if task else "Ask", key="ask-devices"):
        server().tasks.start(TASK, "Asking PyTorch", lambda _: _ask())
        st.rerun()


def _ask() -> list[DeviceFacts]:
    from rsdash.inference.client import devices  # brings httpx, which a page should not wait for

    return devices()
