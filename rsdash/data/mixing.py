"""MixUp and CutMix: training images blended in pairs, and their classes with them.

Each image is paired with the one before it in the batch, which is in random order already. The shares come
from a generator of the step, one an image, so that a resumed run draws what an undisturbed one would.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from rsdash.config.sections import AugmentationSettings
from rsdash.data.augmentation import rectangles
from rsdash.data.sending import send


def mix(
    images: torch.Tensor, labels: torch.Tensor, classes: int, config: AugmentationSettings, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend the images of a batch in pairs.

    MixUp adds two images, λ of one and 1 - λ of the other (Zhang et al. 2018, arXiv 1710.09412); CutMix
    pastes a rectangle (Yun et al. 2019, arXiv 1905.04899). λ is drawn from Beta(α, α) for each image. With
    both switched on, each batch takes one of them, as likely.

    Args:
        images: float (B, C, H, W), on any device.
        labels: int64 of shape (B,), on the same device.
        classes: number K of classes.
        config: the settings mixup and cutmix (a RunConfig has them), each an α, 0 for off.
        seed: from which every random number of this batch follows.

    Returns:
        Images of the same shape, and how much of each class they hold: float32 of shape (B, K), rows adding
        up to 1. Both as they came where nothing is switched on.
    """
    if not config.mixup and not config.cutmix:
        return images, labels
    draws = np.random.default_rng(seed)
    pastes = config.cutmix > 0 and (config.mixup == 0 or draws.random() < 0.5)
    alpha = config.cutmix if pastes else config.mixup
    kept = draws.beta(alpha, alpha, len(images))  # (B,)
    if pastes:
        images, kept = _paste(images, kept, draws)
    else:
        shares = send(torch.from_numpy(kept).float(), images.device).to(images.dtype)
        images = torch.lerp(images.roll(1, 0), images, shares[:, None, None, None])
    own = F.one_hot(labels, classes).float()  # (B, K)
    share = send(torch.from_numpy(kept).float(), labels.device)[:, None]
    return images, torch.lerp(own.roll(1, 0), own, share)


def strongest(labels: torch.Tensor) -> torch.Tensor:
    """The class that an image holds most of, (B,); labels that are not mixed are returned as they are.

    Args:
        labels: int64 of shape (B,), or shares of shape (B, K).
    """
    return labels if labels.ndim == 1 else labels.argmax(1)


def _paste(
    images: torch.Tensor, kept: np.ndarray, draws: np.random.Generator
) -> tuple[torch.Tensor, np.ndarray]:
    """Paste rectangles of about 1 - `kept` of the area; returns the exact share that was kept."""
    height, width = images.shape[2:]
    side = np.sqrt(1 - kept)
    low_y, high_y = _span(height, side, draws)
    low_x, high_x = _span(width, side, draws)
    box = np.stack([low_y, high_y, low_x, high_x])  # (4, B)
    inside = rectangles(send(torch.from_numpy(box), images.device), height, width)
    exact = 1 - (high_y - low_y) * (high_x - low_x) / (height * width)
    return torch.where(inside, images.roll(1, 0), images), exact


def _span(length: int, share: np.ndarray, draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ends of stretches of `share` of a length around random centres, cut off at the borders; int64 (B,)."""
    centre, half = draws.random(len(share)) * length, share * length / 2
    low, high = np.rint(centre - half), np.rint(centre + half)
    return low.clip(0, length).astype(np.int64), high.clip(0, length).astype(np.int64)
