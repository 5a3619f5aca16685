"""The places where runs can train: one slot a GPU and one for the CPU, found without torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import psutil
import pynvml

CPU_SLOT = "cpu"


@dataclass(frozen=True)
class Slot:
    """A device that trains one run at a time.

    Attributes:
        id: `cpu`, or the UUID of a GPU.
        name: what a person calls it.
        memory_bytes: its memory.
    """

    id: str
    name: str
    memory_bytes: int


@cache
def find_slots() -> tuple[Slot, ...]:
    """GPUs first, the CPU last."""
    cores = psutil.cpu_count(logical=True) or 1
    cpu = Slot(CPU_SLOT, f"CPU, {cores} cores", psutil.virtual_memory().total)
    return (*_gpus(), cpu)


def slots_for(device: str, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """The slots that serve a run's `device` setting, best first; none where this machine lacks it.

    Args:
        device: auto, cpu, mps, cuda, cuda:N or the UUID of a GPU; auto and cuda take any GPU.
        slots: as from `find_slots`.
    """
    gpus = tuple(slot for slot in slots if slot.id != CPU_SLOT)
    if device == "auto":
        return gpus or slots[-1:]
    if device == "cpu":
        return slots[-1:]
    if device == "mps":
        return slots[-1:] if sys.platform == "darwin" else ()
    if device == "cuda":
        return gpus
    number = device.removeprefix("cuda:")
    if number.isdecimal() and int(number) < len(gpus):
        return (gpus[int(number)],)
    return tuple(slot for slot in gpus if slot.id == device)


def _gpus() -> list[Slot]:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [
            Slot(
                str(pynvml.nvmlDeviceGetUUID(handle)),
                str(pynvml.nvmlDeviceGetName(handle)),
                int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            )
            for handle in handles
        ]
    finally:
        pynvml.nvmlShutdown()
