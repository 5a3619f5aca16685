"""The devices of this machine as torch sees them."""

from __future__ import annotations

import psutil
import torch

from rsdash.config import RunConfig
from rsdash.inference.results import DeviceFacts
from rsdash.training.compute import choose_compute


def describe_devices() -> list[DeviceFacts]:
    """The GPU, where torch sees one, and the CPU."""
    wanted = ["cuda"] if torch.cuda.is_available() else []
    facts = []
    for device in [*wanted, "cpu"]:
        compute = choose_compute(RunConfig(device=device))
        memory = (
            torch.cuda.get_device_properties(compute.device).total_memory
            if device == "cuda"
            else psutil.virtual_memory().total
        )
        precision = compute.description.rsplit(", ", 1)[1]
        facts.append(DeviceFacts(name=compute.description, precision=precision, memory_bytes=memory))
    return facts
