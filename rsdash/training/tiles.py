"""Batches straight from the pixel cache: gathered, resized and normalized on the training device."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from rsdash.data.sending import Lane, send, send_rows
from rsdash.training.enlarging import enlarged

SHARE_OF_GPU_MEMORY = 0.25
"""The cache moves to the GPU as a whole when it takes at most this share of the free memory there."""

CHUNK_BYTES = 32 * 2**20
"""Pixels counted at a time when the scale is measured."""

Change = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class PixelScale:
    """Normalization of pixels on [0, 1], per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Gathered(NamedTuple):
    """Pixels and labels picked for a batch, on their way to the device.

    Attributes:
        pixels: uint8, or int16 that stands for uint16, of shape (B, h, w, C).
        labels: int64 of shape (B,).
    """

    pixels: torch.Tensor
    labels: torch.Tensor


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
            pixels: uint8 or uint16 of shape (N, side, side, C), the whole pixel cache.
            labels: int64 of shape (N,).
            rows: int64 of shape (n,), rows of `pixels` that belong to this role.
            side_px: side that images are resized to.
            scale: normalization.
            device: where batches go.
        """
        self._pixels = _place(pixels, device)
        self.class_count = int(labels.max()) + 1  # of the whole data set, in which no class is empty
        self._all_labels = labels
        self._choose(rows)
        self._side_px = side_px
        self.device = device
        self.scale = scale
        self._sixteen_bits = pixels.dtype == np.uint16
        self._top = _top(pixels)
        self._mean = torch.tensor(scale.mean, device=device) * self._top  # (C,)
        self._std = torch.tensor(scale.std, device=device) * self._top

    def part(self, rows: np.ndarray) -> Tiles:
        """The images of another role, from the same copy of the pixel cache.

        Args:
            rows: int64 of shape (n,), rows of the pixel cache.
        """
        other = copy.copy(self)
        other._choose(rows)
        return other

    def _choose(self, rows: np.ndarray) -> None:
        self._index = np.ascontiguousarray(rows)
        self._truth = np.ascontiguousarray(self._all_labels[rows])
        place = self._pixels.device  # where the cache is, as the rows of a batch are picked there
        self._rows = torch.from_numpy(self._index).to(place)
        self._labels = torch.from_numpy(self._truth).to(place)

    def __len__(self) -> int:
        return len(self._index)

    @property
    def rows(self) -> np.ndarray:
        """Manifest rows of these images, int64 of shape (n,)."""
        return self._index

    @property
    def labels(self) -> np.ndarray:
        """Labels, int64 of shape (n,)."""
        return self._truth

    @property
    def travel(self) -> bool:
        """Whether batches are picked on the CPU for another device, so that picking ahead saves time."""
        return self._pixels.device != self.device

    def gather(self, positions: torch.Tensor) -> Gathered:
        """Pick pixels and labels where the cache is, and send them off; may be called from any thread.

        Args:
            positions: int64 of shape (B,), each below `len(self)`.
        """
        positions = send(positions, self._pixels.device)
        pixels = send_rows(self._pixels, self._rows[positions], self.device)
        return Gathered(pixels, send_rows(self._labels, positions, self.device))

    def batch(
        self, picked: torch.Tensor | Gathered, change: Change | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels at some positions of this role.

        Args:
            picked: positions, int64 of shape (B,), each below `len(self)`; or what was gathered at them.
            change: applied to the images, on the levels of the cache, before they are resized.

        Returns:
            Images, float32 of shape (B, C, side_px, side_px), channels last and normalized; labels, (B,).
        """
        gathered = picked if isinstance(picked, Gathered) else self.gather(picked)
        images = gathered.pixels.permute(0, 3, 1, 2)  # (B, C, h, w), channels last
        if self._sixteen_bits:
            images = images.float().remainder_(65536)  # what int16 shows below 0 lies above 32767
        if change is not None:
            images = self._levels(change(images))
        images = self._normalized(enlarged(images, self._side_px).float())
        return images.contiguous(memory_format=torch.channels_last), gathered.labels

    def _levels(self, images: torch.Tensor) -> torch.Tensor:
        """Whole levels, as images have that were not changed."""
        if images.dtype == torch.uint8:
            return images
        whole = images.round_().clamp_(0, self._top)
        return whole if self._sixteen_bits else whole.to(torch.uint8)

    def _normalized(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to the same, channels last; changes what it is given."""
        pixels = images.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)  # (B, h, w, C)
        width = pixels.shape[2]
        rows = pixels.view(*pixels.shape[:2], -1)  # (B, h, w C): pixel by pixel takes five times as long
        rows = rows.sub_(self._mean.repeat(width)).div_(self._std.repeat(width))
        return rows.view(pixels.shape).permute(0, 3, 1, 2)

    def in_order(self, batch_size: int, *, start: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All images once, in their order, from one of them on."""
        starts = range(start, len(self), batch_size)
        wanted = (torch.arange(first, min(first + batch_size, len(self))) for first in starts)
        for gathered in gather_ahead(self, wanted):
            yield self.batch(gathered)


def gather_ahead(tiles: Tiles, wanted: Iterable[torch.Tensor]) -> Iterator[Gathered]:
    """Gather batches in turn; where they travel, a thread gathers the next while the device has this one.

    Args:
        tiles: where from.
        wanted: positions of each batch, int64 of shape (B,).
    """
    if not tiles.travel:
        yield from map(tiles.gather, wanted)
        return
    lane = Lane(tiles.device)
    with ThreadPoolExecutor(1, "gather") as thread:
        ahead: Future[Callable[[], Sequence[torch.Tensor]]] | None = None
        for positions in wanted:
            now, ahead = ahead, thread.submit(lane.load, functools.partial(tiles.gather, positions))
            if now:
                yield Gathered(*now.result()())
        if ahead:
            yield Gathered(*ahead.result()())


def measure_scale(pixels: np.ndarray, rows: np.ndarray, *, chunk: int | None = None) -> PixelScale:
    """Mean and standard deviation per channel over the training images, on [0, 1].

    Every level is counted, so that nothing is lost by adding up many numbers; the standard deviation is
    at least one level, as a band of one value cannot be divided by 0.

    Args:
        pixels: uint8 or uint16 of shape (N, side, side, C).
        rows: int64 of shape (n,), the training images.
        chunk: images taken at a time; None for about 32 MB.
    """
    channels, top = pixels.shape[-1], _top(pixels)
    chunk = chunk or max(1, CHUNK_BYTES // pixels[0].nbytes)
    counts = np.zeros((channels, top + 1), np.int64)
    for start in range(0, len(rows), chunk):
        part = pixels[rows[start : start + chunk]].reshape(-1, channels)
        for channel in range(channels):
            counts[channel] += np.bincount(part[:, channel], minlength=top + 1)
    levels = np.arange(top + 1.0)
    total = counts.sum(axis=1)
    mean = counts @ levels / total  # (C,)
    variance = np.array([n @ (levels - m) ** 2 for n, m in zip(counts, mean, strict=True)]) / total
    std = np.sqrt(np.maximum(variance, 1.0))
    return PixelScale(tuple((mean / top).tolist()), tuple((std / top).tolist()))


def _top(pixels: np.ndarray) -> int:
    """The level that stands for the value 1."""
    return int(np.iinfo(pixels.dtype).max)


def _place(pixels: np.ndarray, device: torch.device) -> torch.Tensor:
    """Wrap the cache as a tensor without copying it, or move it to the GPU when it fits well.

    uint16 becomes int16 of the same bits: not every device can pick rows of unsigned numbers.
    """
    numbers = np.asarray(pixels)
    if numbers.dtype == np.uint16:
        numbers = numbers.view(np.int16)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")  # the cache is read, never written
        whole = torch.from_numpy(numbers)
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if whole.nbytes <= SHARE_OF_GPU_MEMORY * free:
            return whole.to(device)
    return whole
