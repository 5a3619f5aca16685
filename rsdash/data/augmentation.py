"""Random changes of training images, in batches on the training device.

Flips and quarter turns move pixels without touching their values. Rotation, scale and crop are one
affine resampling with reflected borders, so that no black corners appear.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import affine_grid, grid_sample

from rsdash.config.sections import AugmentationSettings

SYMMETRIES = 8


def augment(batch: torch.Tensor, config: AugmentationSettings, generator: torch.Generator) -> torch.Tensor:
    """Change each image of a batch in its own random way.

    Args:
        batch: float (N, C, H, W), on any device; square where `flip` is `symmetries`.
        config: the settings flip, rotation_deg, scale and crop (a RunConfig has them).
        generator: CPU generator from which every random number comes.

    Returns:
        A batch of the same shape, type and device; `batch` itself where nothing is switched on.
    """
    batch = _flip(batch, config.flip, generator)
    if config.rotation_deg or config.scale or config.crop:
        batch = _resample(batch, config, generator)
    return batch


def symmetry(batch: torch.Tensor, number: int) -> torch.Tensor:
    """One of the 8 symmetries of a square: quarter turns `number % 4`, mirrored left-right from 4 on."""
    turned = torch.rot90(batch, number % 4, dims=(2, 3))
    return turned.flip(3) if number >= 4 else turned


def _flip(batch: torch.Tensor, kind: str, generator: torch.Generator) -> torch.Tensor:
    if kind == "none":
        return batch
    choices = (0, 4) if kind == "horizontal" else tuple(range(SYMMETRIES))
    drawn = torch.randint(len(choices), (len(batch),), generator=generator)
    result = torch.empty_like(batch)
    for position, number in enumerate(choices):
        rows = (drawn == position).nonzero().flatten().to(batch.device, non_blocking=True)
        if len(rows):
            result.index_copy_(0, rows, symmetry(batch[rows], number))
    return result


def _resample(batch: torch.Tensor, config: AugmentationSettings, generator: torch.Generator) -> torch.Tensor:
    theta = _random_affine(len(batch), config, generator)  # (N, 2, 3)
    theta = theta.to(batch.device, batch.dtype, non_blocking=True)
    grid = affine_grid(theta, list(batch.shape), align_corners=False)  # (N, H, W, 2)
    return grid_sample(batch, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _random_affine(count: int, config: AugmentationSettings, generator: torch.Generator) -> torch.Tensor:
    """Maps from where a pixel goes to where it is taken: crop, then zoom, then turn; (N, 2, 3)."""
    uniform = torch.rand((5, count), generator=generator)  # in [0, 1)
    angle = math.radians(config.rotation_deg) * (2 * uniform[0] - 1)
    zoom = 1 + config.scale * (2 * uniform[1] - 1)
    kept_side = torch.sqrt(1 - config.crop * uniform[2])  # the share cut away is one of area
    offset = (2 * uniform[3:] - 1) * (1 - kept_side)  # (2, N); the window stays inside the image
    size = kept_side / zoom
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = (size * cos, -size * sin, offset[0], size * sin, size * cos, offset[1])
    return torch.stack(rows, dim=1).reshape(count, 2, 3)
