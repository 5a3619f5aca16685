"""The sums of the steps since the last row of the log, left on the device until they are needed."""

from __future__ import annotations

import torch
from torch import nn

from rsdash.training.progress import Sums
from rsdash.training.step import StepSums


class Tally:
    """Collects what steps say; nothing waits for the device before `fetch`."""

    def __init__(self) -> None:
        self._pending: list[StepSums] = []

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
        losses = torch.stack([sums.loss for sums in pending]).double().cpu()
        right = torch.stack([sums.right for sums in pending]).sum()
        finite = torch.isfinite(losses)
        broken = None if finite.all() else len(pending) - 1 - int(finite.int().argmin())
        return Sums(float(losses.sum()), float(right), sum(sums.images for sums in pending)), broken


def broken_weights(model: nn.Module) -> list[str]:
    """Names of the parameters that hold a NaN or an infinity; waits for the device."""
    named = list(model.named_parameters())
    finite = torch.stack([torch.isfinite(parameter.detach()).all() for _, parameter in named]).tolist()
    return [name for (name, _), fine in zip(named, finite, strict=True) if not fine]
