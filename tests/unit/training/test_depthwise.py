"""Depthwise convolutions in a run whose CPU computes in bf16."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rsdash.training.compute import Compute
from rsdash.training.depthwise import spare_depthwise

BF16 = Compute(torch.device("cpu"), torch.bfloat16, "CPU, bf16")


class Padded(nn.Conv2d):
    """A subclass with a forward of its own, as timm's have."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(nn.functional.pad(input, (0, 1, 0, 1)))


@pytest.fixture
def images() -> torch.Tensor:
    torch.manual_seed(0)  # for the weights
    return torch.randn(4, 6, 9, 9, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", [nn.Conv2d, Padded])
def test_learns_as_in_fp32(kind: type[nn.Conv2d], images: torch.Tensor) -> None:
    layer = kind(6, 6, 3, groups=6)
    exact = copy.deepcopy(layer)
    spare_depthwise(nn.Sequential(layer), BF16)
    given = images.bfloat16()
    expected = exact(given.float())
    expected.square().sum().backward()
    with BF16.autocast():
        found = layer(given)
        assert found.dtype == torch.bfloat16
        assert torch.equal(found, expected.bfloat16())
    found.backward(2 * expected.detach().bfloat16())
    assert layer.weight.grad is not None and exact.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32
    error = (layer.weight.grad - exact.weight.grad).norm() / exact.weight.grad.norm()
    assert error < 0.005, "more than what the rounding of what comes back to bf16 explains"


def test_measures_in_the_format_of_the_run(images: torch.Tensor) -> None:
    layer = nn.Conv2d(6, 6, 3, groups=6)
    plain = copy.deepcopy(layer)
    spare_depthwise(layer, BF16)
    with torch.inference_mode(), BF16.autocast():
        assert torch.equal(layer(images), plain(images))


def test_other_layers_and_names_stay(images: torch.Tensor) -> None:
    model = nn.Sequential(nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 3, groups=3), nn.Conv2d(6, 12, 3, groups=6))
    kinds, names = [type(layer) for layer in model], list(model.state_dict())
    spare_depthwise(model, BF16)
    assert [type(layer) for layer in model][:2] == kinds[:2]
    assert isinstance(model[2], nn.Conv2d) and type(model[2]) is not nn.Conv2d
    assert list(model.state_dict()) == names
    copied = copy.deepcopy(model)
    with BF16.autocast():
        assert torch.equal(copied(images), model(images))


def test_fp32_runs_stay_as_they_are() -> None:
    layer = nn.Conv2d(6, 6, 3, groups=6)
    spare_depthwise(layer, BF16.in_fp32())
    assert type(layer) is nn.Conv2d
