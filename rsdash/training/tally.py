"""Sums and time of the steps since the last row of the log; sums stay on the device until they are needed."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import nn

from rsdash.errors import DivergedError
from rsdash.training.progress import Sums
from rsdash.training.step import StepSums
from rsdash.training.step_clock import StepClock


class Tally:
    """Collects what steps say; nothing waits for the device before `fetch`."""

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

    def fetch(self) -> tuple[Sums, int | None]:
        """Bring the sums over and begin anew; waits for the device.

        Returns:
            The sums since the last call, and how many steps ago the loss stopped being a number (0: in
            the last one), or None.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return Sums(), None
        losses = torch.stack([sums.loss for sums in pending]).cpu().double()
        right = torch.stack([sums.right for sums in pending]).sum()
        finite = torch.isfinite(losses)
        broken = None if finite.all() else len(pending) - 1 - int(finite.int().argmin())
        images, times = sum(sums.images for sums in pending), self._clock.take()
        return Sums(float(losses.sum()), float(right), images, times.seconds, times.data_s), broken


def divergence(model: nn.Module, what: str) -> DivergedError:
    """The error that ends a run whose loss or weights are no longer numbers, with the layer and advice."""
    broken = broken_weights(model)
    where = f" ({len(broken)} tensors of weights are broken, the first is {broken[0]})" if broken else ""
    return DivergedError(f"{what}{where}. Lower the learning rate or set clip_gradient=1.")


def broken_weights(model: nn.Module) -> list[str]:
    """Names of the parameters that hold a NaN or an infinity; waits for the device."""
    named = list(model.named_parameters())
    finite = torch.stack([torch.isfinite(parameter.detach()).all() for _, parameter in named]).tolist()
    return [name for (name, _), fine in zip(named, finite, strict=True) if not fine]
