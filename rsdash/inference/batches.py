"""A training batch as the network sees it, drawn back to pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from rsdash.config import Radiometry, RunConfig
from rsdash.data import Dataset
from rsdash.inference.opening import open_training_images
from rsdash.inference.results import BatchImage, TrainingBatch
from rsdash.training.batches import epoch_order, positions_of, steps_per_epoch, training_batch
from rsdash.training.tiles import PixelScale

IMAGES_SHOWN = 24


def draw_batch(config: RunConfig, *, step: int = 0, shown: int = IMAGES_SHOWN) -> TrainingBatch:
    """The batch of a training step, by the very code that a run with these settings uses, on the CPU.

    Args:
        config: settings of the run; the pixel cache is built and the split is stored as a run would.
        step: counted from 0 at the run's begin, over all epochs.
        shown: images to draw at most.

    Raises:
        DataError: no such data set or split, or a class is too small.
        ModelError: no such model or weights.
        StorageError: the disk is too full for the pixel cache.
    """
    opened = open_training_images(config, torch.device("cpu"))
    dataset, tiles, scale = opened.dataset, opened.tiles, opened.scale
    radiometry = dataset.info.radiometry
    steps = steps_per_epoch(len(tiles), config.batch_size)
    epoch, step_in_epoch = divmod(step, steps)
    order = epoch_order(tiles.labels, config, epoch)
    picked = positions_of(order, config, step_in_epoch)
    images, labels = training_batch(tiles, config, picked, epoch=epoch, step=step_in_epoch)
    rows = tiles.rows[picked.numpy()]
    pictures = draw_back(images[:shown], scale, radiometry)
    return TrainingBatch(
        split=opened.split.name,
        epoch=epoch,
        step=step_in_epoch,
        steps_per_epoch=steps,
        batch_size=len(images),
        side_px=config.im_size,
        channels=radiometry.channel_names,
        display_channels=radiometry.display_channels,
        mean=scale.mean,
        std=scale.std,
        lowest=float(images.min()),
        highest=float(images.max()),
        images=_named(dataset, rows[:shown], pictures, labels),
    )


def draw_back(images: torch.Tensor, scale: PixelScale, radiometry: Radiometry) -> np.ndarray:
    """Normalized images as a person sees them: normalization undone, value 1 being white.

    Args:
        images: float32 of shape (B, C, side, side).
        scale: with which they were normalized.
        radiometry: of the images; names the bands to show.

    Returns:
        uint8 of shape (B, side, side, 3).
    """
    shown = list(radiometry.display_channels)
    mean, std = torch.tensor(scale.mean)[shown], torch.tensor(scale.std)[shown]  # (3,)
    values = images[:, shown].float().permute(0, 2, 3, 1) * std + mean  # (B, side, side, 3)
    return values.mul(255).round().clamp(0, 255).to(torch.uint8).numpy()


def _named(
    dataset: Dataset, rows: np.ndarray, pictures: np.ndarray, labels: torch.Tensor
) -> tuple[BatchImage, ...]:
    manifest = dataset.manifest
    return tuple(
        BatchImage(
            name=manifest.names[row],
            label=manifest.classes[manifest.labels[row]],
            png=_png(pixels),
            shares=_shares(label, manifest.classes),
        )
        for row, pixels, label in zip(rows.tolist(), pictures, labels[: len(rows)], strict=True)
    )


def _shares(label: torch.Tensor, classes: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The classes that an image counts as.

    Args:
        label: a number, or shares of shape (K,).
        classes: the K names in label order.
    """
    if not label.ndim:
        return ((classes[int(label)], 1.0),)
    held = [(name, share) for name, share in zip(classes, label.tolist(), strict=True) if share > 0]
    return tuple(sorted(held, key=lambda pair: -pair[1]))


def _png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
