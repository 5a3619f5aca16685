"""Images at another size: the same levels on every device."""

from __future__ import annotations

import pytest
import torch

from rsdash.training.enlarging import enlarged, enlarged_in_passes

IMAGES = torch.randint(0, 256, (10, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("side_px", [4, 16, 128])
def test_a_device_that_enlarges_no_bytes_comes_to_the_same_levels(side_px: int) -> None:
    assert torch.equal(enlarged(IMAGES, side_px).float(), enlarged_in_passes(IMAGES, side_px))


@pytest.mark.parametrize("side_px", [20, 63])
def test_at_odd_sizes_it_comes_to_their_neighbours_at_most(side_px: int) -> None:
    difference = enlarged(IMAGES, side_px).float() - enlarged_in_passes(IMAGES, side_px)
    assert difference.abs().max() <= 2 and (difference != 0).float().mean() < 0.15


def test_more_bits_keep_what_lies_between_levels() -> None:
    fine = enlarged(IMAGES.float() + 0.25, 16)
    assert fine.dtype == torch.float32 and not torch.equal(fine, fine.round())
    assert enlarged(fine, 16) is fine
