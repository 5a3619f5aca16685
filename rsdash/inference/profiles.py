"""Profiles that were measured before on this machine, kept on disk: the second look takes no time.

<data folder>/profiles/<digest>.json; the digest covers whatever changes a cost: the network's settings,
batch and image size, the number of bands and classes, the devices and cores, and the version of PyTorch.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rsdash.config import Radiometry, RunConfig
from rsdash.errors import storage_errors
from rsdash.files import write_text
from rsdash.home import data_dir
from rsdash.inference.results import Profile
from rsdash.processors import processors

FREE_OF_COST = [
    "data",
    "limit_per_class",
    "validation_share",
    "test_share",
    "split_seed",
    "split",
    "epochs",
    "learning_rate",
    "schedule",
    "warmup_epochs",
    "head_rate_factor",
    "nesterov",
    "plateau_epochs",
    "plateau_factor",
    "frozen_epochs",
    "patience",
    "balance",
    "report",
    "seed",
    "deterministic",
    "checkpoint_minutes",
    "class_mode",
]
"""Settings that do not change what a step costs."""


def known(config: RunConfig, classes: int, radiometry: Radiometry) -> Profile | None:
    """The profile of these settings, where it was measured here before."""
    try:
        return Profile.model_validate_json(_path(config, classes, radiometry).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or a damaged one, which is measured again
        return None


def measured(
    config: RunConfig,
    classes: int,
    radiometry: Radiometry,
    *,
    measure: Callable[[RunConfig, int, Radiometry], Profile],
    again: bool = False,
) -> Profile:
    """The known profile, or a new one that is known from then on.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: of the images; its bands are the channels of the first layer.
        measure: asked where the profile is not known yet.
        again: measure anew, as the machine may have been busy with something else.

    Raises:
        ServiceError: it cannot be measured.
        StorageError: the disk is full.
    """
    profile = None if again else known(config, classes, radiometry)
    if profile is None:
        profile = measure(config, classes, radiometry)
        path = _path(config, classes, radiometry)
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, profile.model_dump_json())
    return profile


def training_seconds(config: RunConfig, cost: Profile, *, train: int, measured: int) -> float:
    """Estimated time of all epochs of a run, without its start and its final figures.

    Args:
        config: epochs and batch_size.
        cost: profile of these settings.
        train: images to train on.
        measured: images measured after each epoch.
    """
    epoch_s = train / config.batch_size * cost.seconds_per_step + measured * cost.seconds_per_image_forward
    return config.epochs * epoch_s


def _path(config: RunConfig, classes: int, radiometry: Radiometry) -> Path:
    settings = config.model_dump(mode="json", exclude=set(FREE_OF_COST))
    machine = (platform.node(), platform.machine(), processors(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    content = json.dumps([settings, classes, radiometry.channels, machine, version("torch")], sort_keys=True)
    return data_dir() / "profiles" / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.json"
