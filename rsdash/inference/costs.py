"""What a network costs on this machine, measured for settings that are not a run yet."""

from __future__ import annotations

import functools

import psutil
import torch

from rsdash.config import Radiometry, RunConfig
from rsdash.inference.results import Profile
from rsdash.models.profile import profile_model
from rsdash.training.compute import choose_compute


def measure_profile(config: RunConfig, classes: int, radiometry: Radiometry) -> Profile:
    """Measure it on the device and in the precision that a run with these settings would take.

    Where the device has no memory of its own, that of the process counts too: PyTorch and its libraries, as
    this process holds them, which are most of what a small network takes.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: bands of the images.

    Raises:
        RsdashError: model or device do not fit.
    """
    before = process_bytes()
    compute = choose_compute(config)
    precision = None if compute.dtype == torch.float32 else compute.dtype
    measured = profile_model(config, classes, radiometry, device=compute.device, autocast_dtype=precision)
    own = 0 if compute.device.type == "cuda" else before
    told = {"device": compute.description, "memory_bytes": measured.memory_bytes + own}
    return Profile(**{**vars(measured), **told})


@functools.cache
def process_bytes() -> int:
    """Memory of a process that has imported what trains, in bytes; the service asks first before it works."""
    return psutil.Process().memory_info().rss
