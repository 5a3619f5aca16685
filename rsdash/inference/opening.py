"""Opens images for the service: those that settings would train on, and the pixel cache step by step."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import torch

from rsdash.config import RunConfig
from rsdash.data import Dataset, Split, open_dataset, open_pixels
from rsdash.data.splitting import split_for
from rsdash.inference.results import Step
from rsdash.training.batches import pixel_scale
from rsdash.training.result import ModelCard
from rsdash.training.tiles import PixelScale, Tiles

POLL_S = 0.2


class _LeavingError(Exception):
    """Ends decoding where nobody waits for it any more."""


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
    told, leaving = [0], threading.Event()

    def note(done: int, _all: int) -> None:
        if leaving.is_set():
            raise _LeavingError
        told[0] = done

    with ThreadPoolExecutor(1, "decode") as thread:
        try:
            future = thread.submit(open_pixels, dataset, card.stored_px, note, card.data.radiometry)
            while not future.done():
                wait([future], POLL_S)
                yield Step(done=told[0], total=total)
            return future.result()
        finally:
            leaving.set()
