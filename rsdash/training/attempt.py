"""What an attempt at a run makes sure of before it trains: that it is known, its device, its threads."""

from __future__ import annotations

import os

import torch

from rsdash.config import RunConfig
from rsdash.errors import ConfigError
from rsdash.processors import processors
from rsdash.runs.extension import way_back
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import StateRecord
from rsdash.runs.states import LIVING, Interruption, RunState
from rsdash.training.compute import Compute


def announce(folder: RunFolder) -> StateRecord:
    """Write what a runner writes before it launches a worker; the caller holds the run's lock.

    Raises:
        RunError: the run was evaluated and has no checkpoint to go on from.
    """
    state = folder.state()
    if state.state in LIVING:  # the lock was free, so the worker before this one died unseen
        folder.write_state(state=RunState.INTERRUPTED, reason=Interruption.VANISHED)
    if state.state is not RunState.QUEUED:
        before = way_back(folder, state)
        folder.write_state(state=RunState.QUEUED, reason=None, message="", before=before)
    return folder.begin_attempt()


def require_slot(slot: str, compute: Compute) -> None:
    """Rather fail than train beside the run that has the CPU.

    Args:
        slot: device that the runner gave; empty where a person launched the worker.
        compute: where the run would train.

    Raises:
        ConfigError: the slot is a GPU that PyTorch cannot use.
    """
    if slot and slot == os.environ.get("CUDA_VISIBLE_DEVICES") and compute.device.type == "cpu":
        raise ConfigError(
            f"PyTorch {torch.__version__} cannot use the GPU {slot} that this run was given; its driver "
            "may be too old. Choose device=cpu, or install a PyTorch that fits the driver."
        )


def take_threads(config: RunConfig, *, before: int = 0) -> None:
    """Have PyTorch use the threads that are asked for, by default one for each processor.

    Args:
        config: settings of the run.
        before: those of the attempt before: with as many sums are rounded alike; 0 for none. It may have had
            more than there are processors here, which would only slow each other down.
    """
    available = max(processors(), config.threads)
    if before > available:
        print(f"Goes on with {available} threads; it had {before}, more than there are processors here.")
    torch.set_num_threads(min(before or config.threads or available, available))
