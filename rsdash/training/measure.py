"""Measuring a network on images that it is not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from rsdash.training.compute import Compute, untuned
from rsdash.training.memory import give_back, is_out_of_memory
from rsdash.training.tiles import Tiles

BATCH = 128
"""Images at a time at first; no gradients are kept, so this is seldom a matter of memory."""


@dataclass(frozen=True)
class Score:
    """Means over some images.

    Attributes:
        loss: plain cross-entropy, in nats.
        accuracy: share of images whose highest logit is that of their class.
        images: number of images.
        logits: those behind the means, float32 of shape (images, K).
        labels: true classes, int64 of shape (images,).
    """

    loss: float
    accuracy: float
    images: int
    logits: np.ndarray = field(compare=False, repr=False)
    labels: np.ndarray = field(compare=False, repr=False)


def score(
    model: nn.Module, tiles: Tiles, compute: Compute, *, on_batch: Callable[[], None] = lambda: None
) -> Score:
    """Mean loss and accuracy over all tiles, in the precision of training; arguments as `measure_logits`."""
    logits = torch.from_numpy(measure_logits(model, tiles, compute, on_batch=on_batch))
    labels = torch.from_numpy(tiles.labels)
    loss = F.cross_entropy(logits.double(), labels)
    right = (logits.argmax(1) == labels).double().mean()
    return Score(float(loss), float(right), len(labels), logits.numpy(), tiles.labels)


@torch.inference_mode()
def measure_logits(
    model: nn.Module, tiles: Tiles, compute: Compute, *, on_batch: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Logits of all tiles in their order, with the model in evaluation mode.

    A compiled network is run as it was before; its sums would be rounded otherwise. Where memory runs out,
    batches become smaller.

    Args:
        model: network; left in the mode it came in, by an error too.
        tiles: n images.
        compute: device and number format.
        on_batch: called before each batch; may raise to leave.

    Returns:
        float32 of shape (n, K).
    """
    was_training = model.training
    model.eval()
    try:
        with untuned():
            parts = list(_logits(model, tiles, compute, on_batch))
    finally:
        model.train(was_training)
    return torch.cat(parts).cpu().numpy()


def _logits(
    model: nn.Module, tiles: Tiles, compute: Compute, on_batch: Callable[[], None]
) -> Iterator[torch.Tensor]:
    done, size = 0, BATCH
    while True:
        try:
            for images, _ in tiles.in_order(size, start=done):
                on_batch()
                with compute.autocast():
                    logits = model(images).float()
                yield logits
                done += len(logits)
        except (RuntimeError, MemoryError) as error:
            if size == 1 or not is_out_of_memory(error):
                raise
            size //= 2
        else:
            return
        give_back(compute.device)
