"""Batches straight from the pixel cache: gathered, resized and normalized on the training device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

SHARE_OF_GPU_MEMORY = 0.25
"""The cache moves to the GPU as a whole when it takes at most this share of the free memory there."""

Change = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class PixelScale:
    """Normalization of pixels on [0, 1], per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Tiles:
    """The images of one role of a split."""

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray,
        *,
        rows: np.ndarray,
        side_px: int,
        scale: PixelScale,
        device: torch.device,
    ) -> None:
        """Describe where the images are; nothing is copied until a batch is asked for.

        Args:
            pixels: uint8 of shape (N, side, side, C), the whole pixel cache.
            labels: int64 of shape (N,).
            rows: int64 of shape (n,), rows of `pixels` that belong to this role.
            side_px: side that images are resized to.
            scale: normalization.
            device: where batches go.
        """
        self._pixels = _place(pixels, device)
        self._rows = torch.from_numpy(np.ascontiguousarray(rows))
        self._labels = torch.from_numpy(np.ascontiguousarray(labels[rows]))
        self._side_px = side_px
        self._device = device
        self._mean = torch.tensor(scale.mean, device=device).view(1, -1, 1, 1) * 255
        self._std = torch.tensor(scale.std, device=device).view(1, -1, 1, 1) * 255

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> np.ndarray:
        """Manifest rows of these images, int64 of shape (n,)."""
        return self._rows.numpy()

    @property
    def labels(self) -> np.ndarray:
        """Labels, int64 of shape (n,)."""
        return self._labels.numpy()

    def batch(
        self, positions: torch.Tensor, change: Change | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels at some positions of this role.

        Args:
            positions: int64 of shape (B,), each below `len(self)`.
            change: applied to the images, float32 on [0, 255], before they are resized.

        Returns:
            Images, float32 of shape (B, C, side_px, side_px), channels last and normalized; labels, (B,).
        """
        rows = self._rows[positions]
        taken = self._pixels[rows.to(self._pixels.device)]  # (B, h, w, C)
        if taken.device != self._device:
            pinned = taken.pin_memory() if self._device.type == "cuda" else taken
            taken = pinned.to(self._device, non_blocking=True)
        images = taken.permute(0, 3, 1, 2).float()  # (B, C, h, w), channels last
        if change is not None:
            images = change(images)
        if images.shape[-1] != self._side_px:
            size = (self._side_px, self._side_px)
            images = F.interpolate(images, size, mode="bilinear", align_corners=False)
        images = (
            images.sub_(self._mean).div_(self._std) if change is None else (images - self._mean) / self._std
        )
        labels = self._labels[positions].to(self._device, non_blocking=True)
        return images.contiguous(memory_format=torch.channels_last), labels

    def in_order(self, batch_size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All images once, in their order."""
        for start in range(0, len(self), batch_size):
            yield self.batch(torch.arange(start, min(start + batch_size, len(self))))


def measure_scale(pixels: np.ndarray, rows: np.ndarray, *, chunk: int = 512) -> PixelScale:
    """Mean and standard deviation per channel over the training images, on [0, 1].

    Args:
        pixels: uint8 of shape (N, side, side, C).
        rows: int64 of shape (n,), the training images.
        chunk: images taken at a time.
    """
    channels = pixels.shape[-1]
    total, squares, count = np.zeros(channels), np.zeros(channels), 0
    for start in range(0, len(rows), chunk):
        part = pixels[rows[start : start + chunk]].reshape(-1, channels)
        levels = np.stack([np.bincount(part[:, c], minlength=256) for c in range(channels)])  # (C, 256)
        total += levels @ np.arange(256.0)
        squares += levels @ np.arange(256.0) ** 2
        count += len(part)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1.0))
    return PixelScale(tuple((mean / 255).tolist()), tuple((std / 255).tolist()))


def _place(pixels: np.ndarray, device: torch.device) -> torch.Tensor:
    """Wrap the cache as a tensor without copying it, or move it to the GPU when it fits well."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")  # the cache is read, never written
        whole = torch.from_numpy(np.asarray(pixels))
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if whole.nbytes <= SHARE_OF_GPU_MEMORY * free:
            return whole.to(device)
    return whole
