"""Opens images for the service: those that settings would train on, and the pixel cache step by step."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch

from rsdash.config import RunConfig
from rsdash.data import Dataset, Split, open_dataset, open_pixels
from rsdash.data.splitting import split_for
from rsdash.inference.results import Step
from rsdash.inference.telling import told
from rsdash.training.batches import pixel_scale
from rsdash.training.result import ModelCard
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


def decoded_pixels(dataset: Dataset, card: ModelCard, total: int) -> Generator[Step, None, np.ndarray]:
    """The pixel cache at the side and radiometry of a model, built in a thread where it is missing.

    Args:
        dataset: whose images.
        card: of the model.
        total: told in each step as what there is to do, with images decoded as what is done.

    Returns:
        See `open_pixels`.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
        StorageError: the disk is too full.
    """

    def decode(tell: Callable[[Step], None]) -> np.ndarray:
        def note(done: int, _all: int) -> None:
            tell(Step(done=done, total=total))

        return open_pixels(dataset, card.stored_px, note, card.data.radiometry)

    return (yield from told(decode, Step(done=0, total=total)))
