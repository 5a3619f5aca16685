"""Which images a step trains on, and how they are changed: one place for the loop and for who looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from rsdash.config import Radiometry, RunConfig
from rsdash.data.augmentation import augment, augments
from rsdash.data.mixing import mix
from rsdash.models.registry import normalization_for
from rsdash.training.balance import balanced_order
from rsdash.training.randomness import Stream, generator_for, seed_for
from rsdash.training.tiles import Gathered, PixelScale, Tiles, gather_ahead, measure_scale

SETTLING_IMAGES = 2048
"""At most so many are looked at, a tenth of EuroSAT's training images."""


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Optimizer steps in an epoch; a last batch of one image is left out, as batch norm needs two."""
    return max(1, (images + batch_size - 2) // batch_size) if batch_size > 1 else images


def epoch_order(labels: np.ndarray, config: RunConfig, epoch: int) -> torch.Tensor:
    """Positions of the training images in the order of an epoch; a few come twice where classes are balanced.

    Args:
        labels: int64 of shape (n,), of the training images.
        config: seed and balance.
        epoch: counted from 0.

    Returns:
        int64 of shape (n,).
    """
    draws = generator_for(config.seed, Stream.ORDER, epoch=epoch)
    if config.balance == "sampling":
        return balanced_order(labels, draws)
    return torch.randperm(len(labels), generator=draws)


def training_batch(
    tiles: Tiles, config: RunConfig, picked: torch.Tensor | Gathered, *, epoch: int, step: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The images and labels of a step, augmented, normalized, resized and mixed.

    Args:
        tiles: the training images.
        config: settings of the run.
        picked: the step's positions among them, as from `positions_of`, or what was gathered at them.
        epoch: counted from 0.
        step: within the epoch, counted from 0.

    Returns:
        float32 of shape (B, C, side_px, side_px), channels last; labels, int64 of shape (B,), or shares of
        the classes, float32 of shape (B, K), where MixUp or CutMix is on.
    """
    draws = generator_for(config.seed, Stream.AUGMENTATION, epoch=epoch, step=step)
    change = (lambda batch: augment(batch, config, draws)) if augments(config) else None
    images, labels = tiles.batch(picked, change)
    seed = seed_for(config.seed, Stream.MIXING, epoch=epoch, step=step)
    images, labels = mix(images, labels, tiles.class_count, config, seed)
    return images.contiguous(memory_format=torch.channels_last), labels


def settling_batches(tiles: Tiles, config: RunConfig, epoch: int) -> Iterator[torch.Tensor]:
    """Some training images as they are measured, without random changes, by which averaged weights settle.

    Args:
        tiles: the training images.
        config: settings of the run.
        epoch: counted from 0; the images are the first of its order.

    Returns:
        Batches of float32 of shape (B, C, side_px, side_px), none larger than what a step works through.
    """
    order = epoch_order(tiles.labels, config, epoch)[:SETTLING_IMAGES]
    parts = order.split(max(2, config.batch_size // config.accumulation))
    for gathered in gather_ahead(tiles, (part for part in parts if len(part) > 1)):
        yield tiles.batch(gathered)[0]


def positions_of(order: torch.Tensor, config: RunConfig, step: int) -> torch.Tensor:
    """Positions of a step's images among the training images, int64 of shape (B,)."""
    return order[step * config.batch_size : (step + 1) * config.batch_size]


def pixel_scale(
    config: RunConfig, radiometry: Radiometry, pixels: np.ndarray, rows: np.ndarray
) -> PixelScale:
    """The normalization that the first weights are bound to, else that of the training images.

    Args:
        config: settings of the run.
        radiometry: of the images.
        pixels: uint8 or uint16 of shape (N, side, side, C), the pixel cache.
        rows: int64 of shape (n,), the training images.

    Raises:
        ModelError: unknown name or weights.
    """
    bound = normalization_for(config, radiometry)
    return PixelScale(bound.mean, bound.std) if bound else measure_scale(pixels, rows)
