"""Classes of unlike size: weights in the loss, or an order in which every class is drawn equally often."""

from __future__ import annotations

import numpy as np
import torch

from rsdash.config import RunConfig
from rsdash.training.tiles import Tiles


def class_weights(labels: np.ndarray, classes: int) -> torch.Tensor:
    """A weight a class, inverse to its number of images; their mean over the images is 1.

    The same as scikit-learn's `balanced`: n / (K n_k) (King and Zeng 2001). A class without images has
    the weight of one with a single image.

    Args:
        labels: int64 of shape (n,), of the training images.
        classes: number K of classes.

    Returns:
        float32 of shape (K,).
    """
    counts = np.bincount(labels, minlength=classes)
    return torch.from_numpy(len(labels) / (classes * np.maximum(counts, 1))).float()


def trained_shares(config: RunConfig, labels: np.ndarray, classes: int) -> list[float]:
    """Share of each class in what the loss asks for: equal where classes are balanced, smoothed as asked.

    Args:
        config: balance and label_smoothing.
        labels: int64 of shape (n,), of the training images.
        classes: number K of classes.
    """
    equal = np.full(classes, 1 / classes)
    shares = equal if config.balance != "none" else np.bincount(labels, minlength=classes) / len(labels)
    return ((1 - config.label_smoothing) * shares + config.label_smoothing * equal).tolist()


def loss_weights(config: RunConfig, tiles: Tiles, device: torch.device) -> torch.Tensor | None:
    """The weights with which a run's loss counts its classes; None for equal ones."""
    if config.balance != "weights":
        return None
    return class_weights(tiles.labels, tiles.class_count).to(device)


def balanced_order(labels: np.ndarray, generator: torch.Generator) -> torch.Tensor:
    """As many positions as there are images, every class as often as any other (to within one).

    Of a class that is drawn less often than it has images, none comes twice; of one that is drawn more
    often, each comes at least as often as the division allows.

    Args:
        labels: int64 of shape (n,).
        generator: CPU generator from which every random number comes.

    Returns:
        int64 of shape (n,).
    """
    present = torch.from_numpy(np.unique(labels))
    share, rest = divmod(len(labels), len(present))
    favoured = set(present[torch.randperm(len(present), generator=generator)[:rest]].tolist())
    parts = [
        _repeated(np.flatnonzero(labels == label), share + (label in favoured), generator)
        for label in present.tolist()
    ]
    order = torch.cat(parts)
    return order[torch.randperm(len(order), generator=generator)]


def _repeated(rows: np.ndarray, count: int, generator: torch.Generator) -> torch.Tensor:
    """`count` of these rows, from one shuffled round after the other."""
    rounds = [torch.randperm(len(rows), generator=generator) for _ in range(-(-count // len(rows)))]
    return torch.from_numpy(rows)[torch.cat(rounds)[:count]] if rounds else torch.empty(0, dtype=torch.int64)
