"""The places where runs can train: one slot a GPU and one for the CPU, found without torch."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psutil
import pynvml

from rsdash.processors import processors

CPU_SLOT = "cpu"

log = logging.getLogger(__name__)


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
    """The GPUs that CUDA_VISIBLE_DEVICES leaves to this process first, the CPU last."""
    cpu = Slot(CPU_SLOT, f"CPU, {processors()} cores", psutil.virtual_memory().total)
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
        found = [_numbered(number) for number in range(pynvml.nvmlDeviceGetCount())]
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        _warn_of_order(named, found)
        return [slot for slot in found if slot] if named is None else _visible(named, found)
    finally:
        pynvml.nvmlShutdown()


def _warn_of_order(named: str | None, found: Sequence[Slot | None]) -> None:
    """CUDA itself may count unlike GPUs in another order, the fastest first, than nvidia-smi and rsdash."""
    by_number = any(name.strip().isdecimal() for name in (named or "").split(","))
    unlike = len({slot.name for slot in found if slot}) > 1
    if by_number and unlike and os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        log.warning(
            "CUDA_VISIBLE_DEVICES=%s is taken in the order of nvidia-smi; name unlike GPUs by their UUID.",
            named,
        )


def _visible(named: str, found: Sequence[Slot | None]) -> list[Slot]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, in its order; as in CUDA, a name for none ends the list.

    Source: CUDA C++ Programming Guide, "CUDA Environment Variables".
    """
    visible: list[Slot] = []
    for name in named.split(","):
        slot = _called(name.strip(), found)
        if slot is None:
            break
        visible.append(slot)
    return visible


def _called(name: str, found: Sequence[Slot | None]) -> Slot | None:
    """A GPU by its number, by the beginning of its UUID, or the part of one by its MIG UUID."""
    if name.isdecimal():
        return found[int(name)] if int(name) < len(found) else None
    if name.startswith("MIG-"):
        return _described(lambda: pynvml.nvmlDeviceGetHandleByUUID(name), name)
    matching = [slot for slot in found if slot and name and slot.id.startswith(name)]
    return matching[0] if len(matching) == 1 else None


def _numbered(number: int) -> Slot | None:
    return _described(lambda: pynvml.nvmlDeviceGetHandleByIndex(number), f"GPU {number}")


def _described(find: Callable[[], Any], name: str) -> Slot | None:
    """A GPU by its handle; None where the driver cannot tell of it, such as one that has failed."""
    try:
        handle = find()
        return Slot(
            str(pynvml.nvmlDeviceGetUUID(handle)),
            str(pynvml.nvmlDeviceGetName(handle)),
            int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
        )
    except pynvml.NVMLError as error:
        log.warning("%s is passed over: %s", name, error)
        return None
