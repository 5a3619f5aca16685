"""How large gradients are in each layer group, and how far a step moves the weights there.

Both are measured at a few steps of an epoch and stay on the device until a row is logged, so that no step
waits for them. A gradient's norm is the Euclidean norm of all its numbers, over the batch's mean loss with
its L1 penalty, after the scaler's factor is taken out and before clipping. The update ratio is the norm of
the change of the weights in the step over the norm of the weights before it. In tensors of more than
SAMPLED_NUMBERS numbers it is taken from as many of them, evenly spread: the same numbers in both norms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from rsdash.data.sending import bring
from rsdash.training.layers import layer_groups

SAMPLES_PER_EPOCH = 8
"""At most so many steps of an epoch are measured; at least one is."""
SMALLEST_GAP = 10
"""Steps between two that are measured, in epochs that have so many."""
SAMPLED_NUMBERS = 65_536


@dataclass(frozen=True)
class LayerFigures:
    """One measured step; a value a layer group, None where it does not learn or is no finite number.

    Attributes:
        norms: of the gradients.
        ratios: of the change of the weights to the weights.
    """

    norms: tuple[float | None, ...]
    ratios: tuple[float | None, ...]


def sample_every(steps_per_epoch: int, log_every: int) -> int:
    """After how many steps of an epoch one is measured: a multiple of those between two logged rows.

    Args:
        steps_per_epoch: optimizer steps in an epoch.
        log_every: steps between two rows of losses, when figures are fetched from the device anyway.

    Returns:
        At most `steps_per_epoch`, whose last step is logged in any case.
    """
    intervals = math.ceil(steps_per_epoch / log_every)
    stride = max(math.ceil(intervals / SAMPLES_PER_EPOCH), math.ceil(SMALLEST_GAP / log_every))
    return min(stride * log_every, steps_per_epoch)


class GradientWatch:
    """Measures a model's steps; between two calls of `take` at most one.

    Attributes:
        groups: the layer groups, from input to output.
    """

    def __init__(self, model: nn.Module) -> None:
        self.groups = layer_groups(model)
        self._before: list[list[torch.Tensor]] = []
        self._norms: list[torch.Tensor | None] = []
        self._ratios: list[torch.Tensor | None] = []

    @torch.no_grad()
    def before_update(self) -> None:
        """Measure the gradients and remember the weights; after unscaling, before clipping."""
        self._norms = []
        self._before = []
        for group in self.groups:
            gradients = [p.grad for p in _learnt(group.parameters) if p.grad is not None]
            self._norms.append(nn.utils.get_total_norm(gradients) if gradients else None)
            self._before.append([_some(parameter).clone() for parameter in _learnt(group.parameters)])

    @torch.no_grad()
    def after_update(self) -> None:
        """Measure how far the weights have moved; right after the optimizer."""
        self._ratios = []
        for group, before in zip(self.groups, self._before, strict=True):
            learnt = _learnt(group.parameters)
            changes = [_some(p) - old for p, old in zip(learnt, before, strict=True)]
            scales = [math.sqrt(p.numel() / old.numel()) for p, old in zip(learnt, before, strict=True)]
            ratio = _norm(changes, scales) / _norm(before, scales) if learnt else None
            self._ratios.append(ratio)
        self._before = []

    def take(self) -> Callable[[], LayerFigures] | None:
        """The step measured since the last call, if there was one: what waits for its figures."""
        if not self._ratios:
            return None
        norms, ratios = _brought(self._norms), _brought(self._ratios)
        self._norms, self._ratios = [], []
        return lambda: LayerFigures(norms(), ratios())


def _learnt(parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    return [parameter for parameter in parameters if parameter.grad is not None]


def _some(parameter: nn.Parameter) -> torch.Tensor:
    """All numbers of a parameter, or evenly spread ones, as a view of shape (m,).

    The stride is prime, so that a matrix gives numbers of all its columns.
    """
    count = parameter.numel()
    stride = _next_prime(count // SAMPLED_NUMBERS) if count > SAMPLED_NUMBERS else 1
    view = parameter.detach()
    return view.as_strided((-(-count // stride),), (stride,))


def _next_prime(number: int) -> int:
    """The smallest odd prime from `number` on."""
    candidate = max(3, number | 1)
    while any(candidate % divisor == 0 for divisor in range(3, math.isqrt(candidate) + 1, 2)):
        candidate += 2
    return candidate


def _norm(tensors: Sequence[torch.Tensor], scales: Sequence[float]) -> torch.Tensor:
    """Norm over several tensors, each times its scale; a number on their device."""
    parts = [torch.linalg.vector_norm(part) * scale for part, scale in zip(tensors, scales, strict=True)]
    return torch.linalg.vector_norm(torch.stack(parts))


def _brought(values: Sequence[torch.Tensor | None]) -> Callable[[], tuple[float | None, ...]]:
    """The numbers in one transfer, to four digits."""
    present = [value for value in values if value is not None]
    known = [value is not None for value in values]
    arriving = bring(torch.stack(present)) if present else None

    def arrived() -> tuple[float | None, ...]:
        numbers = iter(arriving().tolist() if arriving else [])
        found = [next(numbers) if there else math.nan for there in known]
        return tuple(float(f"{number:.4g}") if math.isfinite(number) else None for number in found)

    return arrived
