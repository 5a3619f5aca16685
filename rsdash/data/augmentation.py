"""Random changes of training images, in batches on the training device.

Flips and quarter turns move pixels without touching their values. Rotation, scale and crop are one
affine resampling with reflected borders, so that no black corners appear; it is bicubic, since small tiles
are to stay about as sharp as those that are measured (with `crop` 0.2, bilinear left 61 % of the squared
differences between EuroSAT's neighbouring pixels, bicubic 85 %). An erased rectangle takes the image's own
mean (after Zhong et al. 2020, arXiv 1708.04896, with their shares of area and shapes).
"""

from __future__ import annotations

import functools
import math

import torch
from torch.nn.functional import affine_grid, grid_sample

from rsdash.config.sections import AugmentationSettings
from rsdash.data.sending import send

SYMMETRIES = 8
ERASED_AREA = (0.02, 0.33)
"""Smallest and largest share of an image that is erased."""
ERASED_SHAPE = (0.3, 3.3)
"""Smallest and largest ratio of height to width of an erased rectangle."""


def augment(batch: torch.Tensor, config: AugmentationSettings, generator: torch.Generator) -> torch.Tensor:
    """Change each image of a batch in its own random way.

    Args:
        batch: (N, C, H, W) of any type, on any device; square where `flip` is `symmetries`.
        config: the settings flip, rotation_deg, scale, crop and erasing (a RunConfig has them).
        generator: CPU generator from which every random number comes.

    Returns:
        A batch of the same shape and device, floating point where pixels got other values than they had;
        `batch` itself where nothing is switched on.
    """
    batch = _flip(batch, config.flip, generator)
    if config.rotation_deg or config.scale or config.crop:
        batch = _resample(batch.float(), config, generator)
    if config.erasing:
        batch = _erase(batch.float(), config.erasing, generator)
    return batch


def augments(config: AugmentationSettings) -> bool:
    """Whether any change of `augment` is switched on."""
    return config.flip != "none" or any((config.rotation_deg, config.scale, config.crop, config.erasing))


def symmetry(batch: torch.Tensor, number: int) -> torch.Tensor:
    """One of the 8 symmetries of a square: quarter turns `number % 4`, mirrored left-right from 4 on."""
    turned = torch.rot90(batch, number % 4, dims=(2, 3))
    return turned.flip(3) if number >= 4 else turned


def rectangles(box: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Which pixels lie inside a rectangle each.

    Args:
        box: (4, B): first row, row behind the last, first column, column behind the last.
        height: of the images, in px.
        width: of the images, in px.

    Returns:
        bool of shape (B, 1, height, width).
    """
    rows = torch.arange(height, device=box.device)
    columns = torch.arange(width, device=box.device)
    low_y, high_y, low_x, high_x = box[:, :, None]
    inside_y = (rows >= low_y) & (rows < high_y)  # (B, height)
    inside_x = (columns >= low_x) & (columns < high_x)  # (B, width)
    return inside_y[:, None, :, None] & inside_x[:, None, None, :]


def _flip(batch: torch.Tensor, kind: str, generator: torch.Generator) -> torch.Tensor:
    if kind == "none":
        return batch
    origins = _origins(kind, *batch.shape[2:], batch.device)
    drawn = torch.randint(len(origins), (len(batch),), generator=generator)
    origin = origins[send(drawn, batch.device)]  # (N, H W)
    return batch.flatten(2).gather(2, origin[:, None].expand(-1, batch.shape[1], -1)).view(batch.shape)


@functools.lru_cache(maxsize=4)
def _origins(kind: str, height: int, width: int, device: torch.device) -> torch.Tensor:
    """Where each pixel of a mirrored or turned image comes from, int64 of shape (changes, H W)."""
    places = torch.arange(height * width, device=device).view(1, 1, height, width)
    numbers = (0, 4) if kind == "horizontal" else range(SYMMETRIES)
    return torch.stack([symmetry(places, number).flatten() for number in numbers])


def _resample(batch: torch.Tensor, config: AugmentationSettings, generator: torch.Generator) -> torch.Tensor:
    if batch.device.type == "mps":  # samples bilinearly only
        return _resample(batch.cpu(), config, generator).to(batch.device)
    theta = _random_affine(len(batch), config, generator)  # (N, 2, 3)
    theta = send(theta.to(batch.dtype), batch.device)
    grid = affine_grid(theta, list(batch.shape), align_corners=False)  # (N, H, W, 2)
    return grid_sample(batch, grid, mode="bicubic", padding_mode="reflection", align_corners=False)


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


def _erase(batch: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    height, width = batch.shape[2:]
    box = send(_random_boxes(len(batch), share, (height, width), generator), batch.device)
    mean = batch.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
    return torch.where(rectangles(box, height, width), mean, batch)


def _random_boxes(
    count: int, share: float, size: tuple[int, int], generator: torch.Generator
) -> torch.Tensor:
    """Rectangles inside of an image, empty for all but `share` of them; int64 of shape (4, N)."""
    uniform = torch.rand((5, count), generator=generator)  # in [0, 1)
    area = ERASED_AREA[0] + (ERASED_AREA[1] - ERASED_AREA[0]) * uniform[1]
    low, high = map(math.log, ERASED_SHAPE)
    shape = torch.exp(low + (high - low) * uniform[2])
    sides = torch.stack([(area * shape).sqrt(), (area / shape).sqrt()]).clamp(max=1.0)  # (2, N)
    sides = (sides * torch.tensor(size)[:, None]).round() * (uniform[0] < share)
    start = ((torch.tensor(size)[:, None] - sides + 1) * uniform[3:]).floor()
    return torch.stack([start[0], start[0] + sides[0], start[1], start[1] + sides[1]]).long()
