"""The training images of settings that are not a run yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from rsdash.config import RunConfig
from rsdash.data import Dataset, Split, open_dataset, open_pixels
from rsdash.data.splitting import split_for
from rsdash.training.batches import pixel_scale
from rsdash.training.tiles import PixelScale, Tiles


@dataclass(frozen=True)
class TrainingImages:
    """What a run with some settings would train on."""

    dataset: Dataset
    split: Split
    tiles: Tiles
    scale: PixelScale


def open_training_images(config: RunConfig, device: torch.device) -> TrainingImages:
    """Open the training images as a run would: the pixel cache is built and the split is stored.

    Args:
        config: settings of the run.
        device: where batches go.

    Raises:
        DataError: no such data set or split, or a class is too small.
        ModelError: no such model or weights.
        StorageError: the disk is too full for the pixel cache.
    """
    dataset = open_dataset(config.data)
    split, radiometry = split_for(dataset, config), dataset.info.radiometry
    pixels = open_pixels(dataset, config.im_size, radiometry=radiometry)
    scale = pixel_scale(config, radiometry, pixels, split.train)
    labels = np.asarray(dataset.manifest.labels, dtype=np.int64)
    tiles = Tiles(pixels, labels, rows=split.train, side_px=config.im_size, scale=scale, device=device)
    return TrainingImages(dataset, split, tiles, scale)
