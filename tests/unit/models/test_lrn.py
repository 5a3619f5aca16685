"""Local Response Normalization against torch's own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from rsdash.models.lrn import LocalResponseNorm

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def _input(*shape: int, layout: torch.memory_format, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    x = 3 * torch.randn(shape, generator=generator, dtype=dtype)
    return x.contiguous(memory_format=layout).requires_grad_()


def _assert_close(ours: object, theirs: object) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def _run(layer: nn.Module, x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    output = layer(x)
    (gradient,) = torch.autograd.grad(output, x, upstream)
    return output, gradient


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("size", "beta"), list(itertools.product((1, 2, 4, 5, 7), (0.75, 0.5))))
def test_outputs_and_gradients_are_those_of_torch(
    layout: torch.memory_format, size: int, beta: float
) -> None:
    x = _input(3, 24, 13, 11, layout=layout)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    ours = _run(LocalResponseNorm(size, alpha=0.3, beta=beta, k=2.0), x, upstream)
    theirs = _run(nn.LocalResponseNorm(size, 0.3, beta, 2.0), x, upstream)
    _assert_close(ours, theirs)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensors_of_many_pieces_are_those_of_torch(layout: torch.memory_format) -> None:
    x = _input(5, 96, 55, 55, layout=layout)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    ours = _run(LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0), x, upstream)
    theirs = _run(nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), x, upstream)
    _assert_close(ours, theirs)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("size", "beta"), [(5, 0.75), (4, 0.75), (3, 1.3), (1, 0.75)])
def test_gradients_agree_with_finite_differences(layout: torch.memory_format, size: int, beta: float) -> None:
    x = _input(2, 6, 2, 3, layout=layout, dtype=torch.float64)
    assert torch.autograd.gradcheck(LocalResponseNorm(size, alpha=0.4, beta=beta, k=1.5), (x,))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_format_is_kept(layout: torch.memory_format) -> None:
    x = _input(2, 6, 4, 5, layout=layout)
    output, gradient = _run(LocalResponseNorm(5), x, torch.ones(x.shape))
    assert output.is_contiguous(memory_format=layout)
    assert gradient.is_contiguous(memory_format=layout)


def test_inputs_that_are_neither_format_are_understood() -> None:
    x = torch.randn(7, 6, 4, 3, generator=torch.Generator().manual_seed(0)).permute(3, 1, 0, 2)
    _assert_close(LocalResponseNorm(5, alpha=0.3)(x), nn.LocalResponseNorm(5, 0.3)(x))


def test_half_precision_is_rounded_once_at_the_end() -> None:
    x = _input(2, 16, 5, 5, layout=torch.channels_last, dtype=torch.bfloat16)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(2)).bfloat16()
    layer = LocalResponseNorm(5, alpha=0.3, k=2.0)
    with torch.autocast("cpu", torch.bfloat16):
        output, gradient = _run(layer, x, upstream)
    exact = _run(layer, x.detach().float().requires_grad_(), upstream.float())
    assert torch.equal(output, exact[0].bfloat16())
    assert torch.equal(gradient, exact[1].bfloat16())


def test_results_do_not_change_from_call_to_call() -> None:
    x = _input(8, 96, 27, 27, layout=torch.channels_last)
    upstream = torch.ones(x.shape)
    first, second = (_run(LocalResponseNorm(5), x, upstream) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_an_empty_batch_gives_an_empty_batch() -> None:
    assert LocalResponseNorm(5)(torch.zeros(0, 8, 3, 3)).shape == (0, 8, 3, 3)
