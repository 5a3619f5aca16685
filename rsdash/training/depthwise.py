"""Depthwise convolutions learn in fp32 where a CPU computes in bf16.

oneDNN has fast bf16 kernels for the backward pass of every convolution but a depthwise one. Such layers are a
small part of the arithmetic and, in bf16, most of the time of a step: an EfficientNet or a MobileNet trained
more slowly in bf16 than in fp32.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rsdash.training.compute import Compute

if TYPE_CHECKING:
    _Base = nn.Conv2d
else:
    _Base = object


class _LearnsInFp32(_Base):
    """A convolution whose steps are in fp32, between layers in the format of the run."""

    def forward(self, input: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return super().forward(input)
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float()).to(input.dtype)


def spare_depthwise(model: nn.Module, compute: Compute) -> None:
    """Have the depthwise convolutions of `model` learn in fp32, where bf16 would slow them down.

    Weights and their names stay as they are. Layers of subclasses keep what these add, such as the padding of
    networks that came from TensorFlow.

    Args:
        model: network, changed in place.
        compute: device and number format of its training.
    """
    if compute.device.type != "cpu" or compute.dtype != torch.bfloat16:
        return
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1:
            layer.__class__ = _learning_in_fp32(type(layer))


@functools.cache
def _learning_in_fp32(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    return type(kind.__name__, (_LearnsInFp32, kind), {})
