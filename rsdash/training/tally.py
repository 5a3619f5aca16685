"""Sums and time of the steps since the last look; nothing waits for the device before they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import nn

from rsdash.data.sending import bring
from rsdash.errors import DivergedError
from rsdash.training.progress import Sums
from rsdash.training.step import StepSums
from rsdash.training.step_clock import StepClock


class Tally:
    """Collects what steps say."""

    def __init__(self, device: torch.device) -> None:
        self._clock = StepClock(device)
        self._pending: list[StepSums] = []

    def start(self) -> None:
        """Steps begin; what came before, such as a validation, is not part of their time."""
        self._clock.start()

    def batch(self) -> AbstractContextManager[None]:
        """Around the making of a step's images."""
        return self._clock.batch()

    def add(self, sums: StepSums) -> None:
        """Note a step."""
        self._pending.append(sums)

    def close(self) -> Callable[[], tuple[Sums, int | None]]:
        """Send the sums on their way and begin anew.

        Returns:
            Waits until they are there and tells the sums since the last call, and how many steps before it
            the loss stopped being a number (0: in the last one), or None.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return lambda: (Sums(), None)
        losses = bring(torch.stack([sums.loss for sums in pending]))
        right = bring(torch.stack([sums.right for sums in pending]).sum())
        images, times = sum(sums.images for sums in pending), self._clock.lap()

        def arrived() -> tuple[Sums, int | None]:
            each = losses().double()
            finite = torch.isfinite(each)
            broken = None if finite.all() else len(each) - 1 - int(finite.int().argmin())
            return Sums(float(each.sum()), float(right()), images, *times()), broken

        return arrived


def divergence(model: nn.Module, what: str) -> DivergedError:
    """The error that ends a run whose loss or weights are no longer numbers, with the layer and advice."""
    broken = broken_weights(model)
    where = f" ({len(broken)} tensors of weights are broken, the first is {broken[0]})" if broken else ""
    advice = "Lower the learning rate (Change), or train anew with clip_gradient=1 (Clone to form)."
    return DivergedError(f"{what}{where}. {advice}")


def broken_weights(model: nn.Module) -> list[str]:
    """Names of the parameters that hold a NaN or an infinity; waits for the device."""
    named = list(model.named_parameters())
    finite = torch.stack([torch.isfinite(parameter.detach()).all() for _, parameter in named]).tolist()
    return [name for (name, _), fine in zip(named, finite, strict=True) if not fine]
