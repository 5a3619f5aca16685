from __future__ import annotations

import pytest
import torch
from torch.nn.functional import interpolate

from rsdash.config import RunConfig
from rsdash.data.augmentation import augment, symmetry


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, side: int = 8) -> torch.Tensor:
    return torch.rand((count, 3, side, side), generator=generator(99))


def test_nothing_switched_on_returns_the_batch_itself():
    batch = images(4)
    assert augment(batch, RunConfig(), generator()) is batch


def test_the_8_symmetries_are_all_different_and_form_the_group_of_the_square():
    image = images(1)
    all_eight = [symmetry(image, number) for number in range(8)]
    corners = {tuple(one[0, 0, [0, 0, -1, -1], [0, -1, 0, -1]].tolist()) for one in all_eight}
    assert len(corners) == 8
    twice = [symmetry(one, number) for one in all_eight for number in range(8)]
    assert all(any(torch.equal(one, other) for other in all_eight) for one in twice)


def test_flips_move_pixels_without_touching_them():
    batch = images(200)
    result = augment(batch, RunConfig(flip="symmetries"), generator())
    used = []
    for before, after in zip(batch, result, strict=True):
        matches = [n for n in range(8) if torch.equal(symmetry(before[None], n)[0], after)]
        assert len(matches) == 1
        used += matches
    counts = torch.bincount(torch.tensor(used), minlength=8)
    assert counts.min() > 8  # 25 expected of each


def test_horizontal_flips_mirror_about_half():
    batch = images(200)
    result = augment(batch, RunConfig(flip="horizontal"), generator())
    kept = sum(torch.equal(a, b) for a, b in zip(batch, result, strict=True))
    mirrored = sum(torch.equal(a.flip(2), b) for a, b in zip(batch, result, strict=True))
    assert kept + mirrored == 200 and 70 < kept < 130


def test_the_generator_alone_decides():
    config = RunConfig(flip="symmetries", rotation_deg=30, scale=0.2, crop=0.3, erasing=0.5)
    batch = images(16)
    torch.manual_seed(1)
    first = augment(batch, config, generator(5))
    torch.manual_seed(2)
    state = torch.random.get_rng_state()
    assert torch.equal(first, augment(batch, config, generator(5)))
    assert torch.equal(state, torch.random.get_rng_state())
    assert not torch.equal(first, augment(batch, config, generator(6)))


@pytest.mark.parametrize("setting", [{"rotation_deg": 180}, {"scale": 0.5}, {"crop": 0.9}])
def test_no_black_corners_appear(setting):
    batch = torch.full((32, 3, 16, 16), 0.7)
    result = augment(batch, RunConfig(**setting), generator())
    assert torch.allclose(result, batch, atol=1e-5)


@pytest.mark.parametrize("setting", [{"rotation_deg": 45}, {"scale": 0.2}, {"crop": 0.2}])
def test_resampled_images_stay_about_as_sharp_as_images_that_are_not(setting):
    batch = interpolate(images(64, side=32), size=48, mode="bicubic")
    result = augment(batch, RunConfig(**setting), generator())
    assert detail(result) > 0.8 * detail(batch)


def detail(batch: torch.Tensor) -> float:
    return (batch[..., 1:] - batch[..., :-1]).square().mean().item()


def ramp(side: int = 64) -> torch.Tensor:
    """An image whose value is its x, then its y, in [-1, 1]: resampled, it shows where pixels came from."""
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack([axis.expand(side, side), axis[:, None].expand(side, side)])[None]


def jacobians(result: torch.Tensor) -> torch.Tensor:
    """d(source x, y) / d(x, y) around the centre of each image, between means of two blocks; (N, 2, 2)."""
    side = result.shape[-1]
    middle, apart = side // 2, side // 4
    before, within, after = (
        slice(middle - apart, middle),
        slice(middle - apart // 2, middle + apart // 2),
        slice(middle, middle + apart),
    )
    across = result[:, :, within, after] - result[:, :, within, before]
    down = result[:, :, after, within] - result[:, :, before, within]
    return torch.stack([across.mean(dim=(2, 3)), down.mean(dim=(2, 3))], dim=2) / (apart * 2 / side)


def test_rotation_turns_up_to_the_angle_and_keeps_the_size():
    result = augment(ramp().repeat(300, 1, 1, 1), RunConfig(rotation_deg=30), generator())
    turned = jacobians(result)
    angles = torch.rad2deg(torch.atan2(turned[:, 1, 0], turned[:, 0, 0]))
    assert torch.allclose(torch.linalg.det(turned), torch.ones(300), atol=2e-3)
    assert angles.abs().max() <= 30.01 and angles.max() > 27 and angles.min() < -27


def test_scale_zooms_between_its_bounds():
    result = augment(ramp().repeat(300, 1, 1, 1), RunConfig(scale=0.2), generator())
    zoom = 1 / jacobians(result)[:, 0, 0]
    assert zoom.min() >= 0.799 and zoom.max() <= 1.201
    assert zoom.min() < 0.82 and zoom.max() > 1.18


def test_crop_cuts_at_most_its_share_of_the_area_and_stays_inside():
    result = augment(ramp().repeat(300, 1, 1, 1), RunConfig(crop=0.36), generator())
    kept = torch.linalg.det(jacobians(result))
    assert kept.min() >= 0.639 and kept.min() < 0.66 and kept.max() > 0.97 and kept.max() <= 1.001
    centres = result[:, :, 24:40, 24:40].mean(dim=(2, 3))  # (N, 2)
    assert ((centres.abs() + kept.sqrt()[:, None]) <= 1 + 0.1 * 2 / 64).all()  # to a tenth of a pixel
    assert centres.abs().max() > 0.1  # it is not always the middle


def test_bytes_stay_bytes_until_pixels_get_other_values():
    batch = (images(4) * 255).to(torch.uint8)
    turned = augment(batch, RunConfig(flip="symmetries"), generator())
    floating = augment(batch.float(), RunConfig(flip="symmetries"), generator())
    assert turned.dtype == torch.uint8 and torch.equal(turned.float(), floating)
    assert augment(batch, RunConfig(flip="symmetries", crop=0.2), generator()).dtype == torch.float32


def test_erasing_blanks_one_rectangle_of_a_share_of_the_images():
    batch = images(400, side=32)
    result = augment(batch, RunConfig(erasing=0.4), generator())
    changed = (result != batch).any(dim=1)  # (N, H, W)
    erased = changed.flatten(1).any(1)
    assert 0.3 < erased.float().mean() < 0.5
    areas = changed[erased].float().mean(dim=(1, 2))
    assert 0.01 < areas.min() < 0.06 and 0.28 < areas.max() < 0.37
    for number in erased.nonzero().flatten().tolist():
        rows, columns = changed[number].any(1).nonzero().flatten(), changed[number].any(0).nonzero().flatten()
        inside = changed[number][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert inside.all()
        blank = result[number][:, changed[number]]
        assert torch.allclose(blank, batch[number].mean(dim=(1, 2))[:, None].expand_as(blank), atol=1e-6)
    starts = [changed[number].any(1).nonzero()[0].item() for number in erased.nonzero().flatten()]
    assert min(starts) == 0 and max(starts) > 20
