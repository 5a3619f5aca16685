"""Batches from the pixel cache: shapes, values, normalization and order."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from rsdash.config import RunConfig
from rsdash.data.augmentation import augment
from rsdash.training.tiles import Gathered, PixelScale, Tiles, gather_ahead, measure_scale
from tests.tiny import wait_for

CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(10) % 3
ROWS = np.array([7, 2, 9, 4, 0])
SCALE = PixelScale((0.5, 0.4, 0.3), (0.2, 0.25, 0.5))


def tiles(side_px: int = 8) -> Tiles:
    return Tiles(PIXELS, LABELS, rows=ROWS, side_px=side_px, scale=SCALE, device=CPU)


def normalized(rows: np.ndarray) -> np.ndarray:
    """Images of some rows as numpy computes them, (n, 3, 8, 8)."""
    share = PIXELS[rows].astype(np.float64) / 255
    return ((share - np.array(SCALE.mean)) / np.array(SCALE.std)).transpose(0, 3, 1, 2)


def test_a_batch_holds_the_images_and_labels_asked_for() -> None:
    images, labels = tiles().batch(torch.tensor([3, 0, 3]))
    assert images.shape == (3, 3, 8, 8) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert np.allclose(images.numpy(), normalized(ROWS[[3, 0, 3]]), atol=1e-5)
    assert labels.tolist() == LABELS[ROWS[[3, 0, 3]]].tolist()


def test_taking_a_batch_leaves_the_cache_as_it_is() -> None:
    before = PIXELS.copy()
    tiles().batch(torch.arange(5), lambda batch: batch.mul_(0))
    assert (before == PIXELS).all()


def test_a_change_sees_pixels_from_0_to_255_before_they_are_normalized() -> None:
    seen: list[torch.Tensor] = []

    def invert(batch: torch.Tensor) -> torch.Tensor:
        seen.append(batch.clone())
        return 255 - batch

    images, _ = tiles().batch(torch.tensor([1]), invert)
    assert (seen[0].numpy() == PIXELS[ROWS[[1]]].transpose(0, 3, 1, 2)).all()
    mean, std = np.array(SCALE.mean)[:, None, None], np.array(SCALE.std)[:, None, None]
    assert np.allclose(images.numpy(), (1 - PIXELS[2].transpose(2, 0, 1) / 255 - mean) / std, atol=1e-5)


@pytest.mark.parametrize("side_px", [8, 20])
def test_images_of_training_and_of_measuring_are_enlarged_alike(side_px: int) -> None:
    plain, _ = tiles(side_px).batch(torch.arange(5))
    changed, _ = tiles(side_px).batch(torch.arange(5), lambda batch: batch + 0.3)
    assert torch.equal(plain, changed)


def test_changes_end_at_the_levels_there_are() -> None:
    images, _ = tiles().batch(torch.arange(5), lambda batch: batch.float() * 4 - 300)
    std, mean = torch.tensor(SCALE.std).view(3, 1, 1), torch.tensor(SCALE.mean).view(3, 1, 1)
    levels = (images * std + mean) * 255
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    assert levels.min().round() == 0 and levels.max().round() == 255


def test_unchanged_images_are_enlarged_to_the_levels_of_pil() -> None:
    images, _ = tiles(20).batch(torch.arange(5))
    std, mean = torch.tensor(SCALE.std).view(3, 1, 1), torch.tensor(SCALE.mean).view(3, 1, 1)
    levels = (images * std + mean) * 255
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    for position, row in enumerate(ROWS):
        pil = np.asarray(Image.fromarray(PIXELS[row]).resize((20, 20), Image.Resampling.BILINEAR))
        difference = np.abs(levels[position].numpy().transpose(1, 2, 0) - pil)
        assert difference.max() < 1.01 and difference.mean() < 0.2


def test_in_order_gives_each_image_once_with_a_short_last_batch() -> None:
    batches = list(tiles().in_order(2))
    assert [len(labels) for _, labels in batches] == [2, 2, 1]
    assert torch.cat([labels for _, labels in batches]).tolist() == LABELS[ROWS].tolist()
    assert np.allclose(torch.cat([images for images, _ in batches]).numpy(), normalized(ROWS), atol=1e-5)
    assert (len(tiles()), tiles().rows.tolist()) == (5, ROWS.tolist())


@pytest.mark.parametrize("chunk", [1, 2, 512])
def test_the_measured_scale_is_numpys_over_the_training_images_alone(chunk: int) -> None:
    scale = measure_scale(PIXELS, ROWS, chunk=chunk)
    share = PIXELS[ROWS].astype(np.float64) / 255
    assert np.allclose(scale.mean, share.mean(axis=(0, 1, 2)), rtol=1e-12)
    assert np.allclose(scale.std, share.std(axis=(0, 1, 2)), rtol=1e-9)


def test_images_of_one_colour_do_not_divide_by_zero() -> None:
    scale = measure_scale(np.full((3, 4, 4, 3), 9, dtype=np.uint8), np.arange(3))
    assert min(scale.std) > 0


DEEP = np.random.default_rng(1).integers(0, 65536, (10, 8, 8, 13), dtype=np.uint16)
DEEP_SCALE = PixelScale(tuple(np.linspace(0.1, 0.7, 13)), tuple(np.linspace(0.05, 0.5, 13)))


def test_sixteen_bits_and_13_bands_keep_every_level() -> None:
    rows = np.arange(10)
    DEEP[0, 0, 0, :4] = (0, 32767, 32768, 65535)  # around where signed numbers turn
    part = Tiles(DEEP, LABELS, rows=rows, side_px=8, scale=DEEP_SCALE, device=CPU)
    seen: list[torch.Tensor] = []
    images, _ = part.batch(torch.arange(10), lambda batch: seen.append(batch.clone()) or batch)
    assert (seen[0].numpy() == DEEP.transpose(0, 3, 1, 2)).all()
    plain, _ = part.batch(torch.arange(10))
    expected = (DEEP / 65535 - np.array(DEEP_SCALE.mean)) / np.array(DEEP_SCALE.std)
    for batch in (images, plain):
        assert np.allclose(batch.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-4)
        assert batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("chunk", [1, None])
def test_the_scale_of_16_bits_is_numpys(chunk: int | None) -> None:
    scale = measure_scale(DEEP, ROWS, chunk=chunk)
    share = DEEP[ROWS].astype(np.float64) / 65535
    assert np.allclose(scale.mean, share.mean(axis=(0, 1, 2)), rtol=1e-12)
    assert np.allclose(scale.std, share.std(axis=(0, 1, 2)), rtol=1e-10)


def test_a_dim_band_is_measured_by_its_own_levels() -> None:
    # Sentinel-2's cirrus band: a spread of a thousandth, far below one level of 8 bits
    levels = np.array([60, 190], dtype=np.uint16).repeat(32).reshape(1, 8, 8, 1)
    scale = measure_scale(levels, np.arange(1))
    assert scale.mean == pytest.approx([125 / 65535])
    assert scale.std == pytest.approx([65 / 65535])


def test_measuring_takes_little_memory_however_many_images_there_are() -> None:
    pixels = np.zeros((400, 64, 64, 13), np.uint16)  # 43 MB as they are, 341 MB as float64
    tracemalloc.start()
    measure_scale(pixels, np.arange(400))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 90 * 2**20


def test_all_augmentation_takes_any_number_of_bands() -> None:
    config = RunConfig(flip="symmetries", rotation_deg=30, scale=0.2, crop=0.3)
    part = Tiles(DEEP, LABELS, rows=ROWS, side_px=12, scale=DEEP_SCALE, device=CPU)

    def change(batch: torch.Tensor) -> torch.Tensor:
        return augment(batch, config, torch.Generator().manual_seed(3))

    images, _ = part.batch(torch.arange(5), change)
    assert images.shape == (5, 13, 12, 12)
    alone = Tiles(
        np.ascontiguousarray(DEEP[..., 5:6]),
        LABELS,
        rows=ROWS,
        side_px=12,
        scale=PixelScale(DEEP_SCALE.mean[5:6], DEEP_SCALE.std[5:6]),
        device=CPU,
    )
    assert torch.allclose(alone.batch(torch.arange(5), change)[0][:, 0], images[:, 5], atol=1e-5)


class Travelling(Tiles):
    """Batches that are gathered ahead, as for a GPU whose memory does not hold the cache."""

    @property
    def travel(self) -> bool:
        return True

    def gather(self, positions: torch.Tensor) -> Gathered:
        gathered_by.append(threading.current_thread().name)
        return super().gather(positions)


gathered_by: list[str] = []


@pytest.mark.parametrize("count", [0, 1, 4])
def test_batches_that_are_gathered_ahead_are_the_same_in_the_same_order(count: int) -> None:
    gathered_by.clear()
    wanted = [torch.tensor([number, 4 - number]) for number in range(count)]
    ahead = Travelling(PIXELS, LABELS, rows=ROWS, side_px=8, scale=SCALE, device=CPU)
    for mine, plain in zip(gather_ahead(ahead, wanted), gather_ahead(tiles(), wanted), strict=True):
        assert torch.equal(mine.pixels, plain.pixels) and torch.equal(mine.labels, plain.labels)
    assert len(gathered_by) == count and all(name.startswith("gather") for name in gathered_by)


def test_the_next_batch_is_gathered_while_this_one_is_used_and_no_thread_stays() -> None:
    gathered_by.clear()
    ahead = Travelling(PIXELS, LABELS, rows=ROWS, side_px=8, scale=SCALE, device=CPU)
    batches = gather_ahead(ahead, (torch.tensor([number]) for number in range(5)))
    next(batches)
    wait_for(lambda: len(gathered_by) == 2, "the second batch")
    batches.close()  # pyright: ignore[reportAttributeAccessIssue]  # a generator
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gather")]


def test_another_part_has_its_own_rows_and_labels_of_the_same_pixels() -> None:
    first = tiles()
    other = first.part(np.array([1, 8]))
    images, labels = other.batch(torch.arange(2))
    assert (len(other), labels.tolist()) == (2, [1, 2])
    assert np.allclose(images.numpy(), normalized(np.array([1, 8])), atol=1e-5)
    assert len(first) == len(ROWS) and first.rows.tolist() == ROWS.tolist()
