"""Randomness as counters: every draw follows from (seed, stream, epoch, step), so nothing needs saving.

A resumed run draws what the undisturbed one would have drawn, dropout included.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import torch


class Stream(IntEnum):
    """Independent sources of randomness within one run."""

    WEIGHTS = 0
    """Initial weights."""
    ORDER = 1
    """Order of the training images, per epoch."""
    AUGMENTATION = 2
    """Random changes of a batch, per step."""
    NETWORK = 3
    """Draws inside the network, such as dropout, per step."""
    MIXING = 4
    """Which images are blended, and how much, per step."""


def seed_for(seed: int, stream: Stream, *, epoch: int = 0, step: int = 0) -> int:
    """A well-mixed 63-bit seed for one draw."""
    state = np.random.SeedSequence((seed, int(stream), epoch, step)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator_for(seed: int, stream: Stream, *, epoch: int = 0, step: int = 0) -> torch.Generator:
    """A CPU generator for one draw."""
    return torch.Generator().manual_seed(seed_for(seed, stream, epoch=epoch, step=step))


def seed_network(seed: int, stream: Stream, *, epoch: int = 0, step: int = 0) -> None:
    """Seed torch's global generators, from which layers draw, on each device that is in use.

    `torch.manual_seed` would seed kinds of devices that are not there too, at 0.1 ms each.
    """
    _seed_generators(seed_for(seed, stream, epoch=epoch, step=step))


def rewind_network() -> None:
    """Have layers draw again what they have drawn since `seed_network`."""
    _seed_generators(torch.initial_seed())


def _seed_generators(seed: int) -> None:
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)
