"""What a network costs on this machine, measured for settings that are not a run yet."""

from __future__ import annotations

import torch

from rsdash.config import Radiometry, RunConfig
from rsdash.inference.results import Profile
from rsdash.models.profile import profile_model
from rsdash.training.compute import choose_compute


def measure_profile(config: RunConfig, classes: int, radiometry: Radiometry) -> Profile:
    """Measure it on the device and in the precision that a run with these settings would take.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: bands of the images.

    Raises:
        RsdashError: model or device do not fit.
    """
    compute = choose_compute(config)
    precision = None if compute.dtype == torch.float32 else compute.dtype
    measured = profile_model(config, classes, radiometry, device=compute.device, autocast_dtype=precision)
    return Profile(**{**vars(measured), "device": compute.description})
