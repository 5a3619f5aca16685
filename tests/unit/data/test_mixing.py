"""MixUp and CutMix: pixels and classes are blended alike, by draws that follow from the seed."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import beta, kstest

from rsdash.config import RunConfig
from rsdash.data.mixing import mix, strongest

CLASSES = 4


def flat_images(count: int, side: int = 16) -> torch.Tensor:
    """Image n is of the value n all over."""
    return torch.arange(count).float()[:, None, None, None].expand(count, 3, side, side).contiguous()


def labels(count: int) -> torch.Tensor:
    return torch.arange(count) % CLASSES


def test_nothing_switched_on_returns_the_batch_itself() -> None:
    batch, classes = flat_images(4), labels(4)
    mixed, targets = mix(batch, classes, CLASSES, RunConfig(), 0)
    assert mixed is batch and targets is classes


def test_mixup_blends_pixels_and_classes_by_the_same_share() -> None:
    batch, classes = flat_images(8), labels(8)
    mixed, targets = mix(batch, classes, CLASSES, RunConfig(mixup=0.8), 3)
    assert torch.allclose(targets.sum(1), torch.ones(8))
    for number in range(1, 8):  # image n is paired with n - 1, so its value tells the share
        values = mixed[number].unique()
        assert len(values) == 1
        kept = 1 - (number - float(values))
        assert targets[number, number % CLASSES] == pytest.approx(kept, abs=1e-5)
        assert targets[number, (number - 1) % CLASSES] == pytest.approx(1 - kept, abs=1e-5)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_shares_of_mixup_are_beta_distributed(alpha: float) -> None:
    batch = torch.zeros(2_000, 1, 1, 1)
    classes = torch.arange(2_000) % 2
    _, targets = mix(batch, classes, 2, RunConfig(mixup=alpha), 1)
    kept = targets[torch.arange(2_000), classes].double().numpy()
    assert kstest(kept.clip(1e-9, 1 - 1e-7), beta(alpha, alpha).cdf).pvalue > 1e-3


def test_cutmix_pastes_one_rectangle_and_counts_its_area_exactly() -> None:
    batch, classes = flat_images(64), labels(64)
    mixed, targets = mix(batch, classes, CLASSES, RunConfig(cutmix=1.0), 5)
    shares = []
    for number in range(64):
        pasted = mixed[number, 0] != batch[number, 0]
        assert set(mixed[number][:, pasted].flatten().tolist()) <= {float((number - 1) % 64)}
        rows, columns = pasted.any(1).nonzero().flatten(), pasted.any(0).nonzero().flatten()
        if len(rows):
            assert pasted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        shares.append(float(pasted.float().mean()))
        assert targets[number, number % CLASSES] == pytest.approx(1 - shares[-1], abs=1e-6)
    assert min(shares) < 0.1 and max(shares) > 0.6


def test_with_both_on_each_batch_takes_one_of_them() -> None:
    config = RunConfig(mixup=1.0, cutmix=1.0)
    blends = [
        bool((mix(flat_images(8), labels(8), CLASSES, config, seed)[0] % 1).any()) for seed in range(60)
    ]
    assert 15 < sum(blends) < 45


def test_the_seed_alone_decides() -> None:
    config = RunConfig(mixup=0.4, cutmix=1.0)
    torch.manual_seed(1)
    first = mix(flat_images(8), labels(8), CLASSES, config, 7)
    torch.manual_seed(2)
    again = mix(flat_images(8), labels(8), CLASSES, config, 7)
    assert all(torch.equal(left, right) for left, right in zip(first, again, strict=True))
    assert not torch.equal(first[1], mix(flat_images(8), labels(8), CLASSES, config, 8)[1])


def test_the_stronger_class_counts() -> None:
    assert strongest(torch.tensor([2, 0])).tolist() == [2, 0]
    assert strongest(torch.tensor([[0.2, 0.8, 0.0], [0.6, 0.0, 0.4]])).tolist() == [1, 0]


def test_channels_last_types_and_values_outside_a_rectangle_are_kept() -> None:
    batch = flat_images(8).to(memory_format=torch.channels_last)
    for config in (RunConfig(mixup=1.0), RunConfig(cutmix=1.0)):
        mixed, targets = mix(batch, labels(8), CLASSES, config, 0)
        assert mixed.shape == batch.shape and mixed.dtype == targets.dtype == torch.float32
