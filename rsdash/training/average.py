"""A running average of the weights over steps (exponential moving average)."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """Follows a model; its copy is what gets validated and reported.

    The decay rises with the number of steps, min(decay, (1 + n) / (10 + n)), so that a short run
    is not an average of its first weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the average towards the model's weights after optimizer step number `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages, weights = [], []
        for average, value in zip(_tensors(self.model), _tensors(model), strict=True):
            if average.is_floating_point():
                averages.append(average)
                weights.append(value.detach())
            else:
                average.copy_(value)
        get_ema_multi_avg_fn(decay)(averages, weights, step)


def _tensors(model: nn.Module) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]
