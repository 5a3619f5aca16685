"""The rows of a run's log that tell of intervals of steps.

On a GPU the figures of an interval are fetched one step after its end: while the processor waits for them
and writes the row, the device works on that step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import nn

from rsdash.training.gradients import GradientWatch, LayerFigures
from rsdash.training.progress import Progress, Sums
from rsdash.training.tally import Tally, divergence
from rsdash.training.watcher import Watcher


@dataclasses.dataclass(frozen=True)
class _Interval:
    """One that has ended.

    Attributes:
        progress: where the run stood then; `interval_sums` are those that a checkpoint within has fetched.
        rate: learning rate of its last step.
        sums: waits for what came after that checkpoint.
        layers: waits for the gradients of a step that was measured in it; None where none was.
    """

    progress: Progress
    rate: float
    sums: Callable[[], tuple[Sums, int | None]]
    layers: Callable[[], LayerFigures] | None


class Rows:
    """Tells the watcher of one interval after the other."""

    def __init__(self, model: nn.Module, tally: Tally, gradients: GradientWatch, watcher: Watcher) -> None:
        self._model = model
        self._tally = tally
        self._gradients = gradients
        self._watcher = watcher
        self._ended: _Interval | None = None
        self._late = fetches_late(next(model.parameters()).device)

    def end_interval(self, progress: Progress, rate: float) -> None:
        """An interval ends with the latest step.

        Args:
            progress: where the run stands.
            rate: learning rate of that step.

        Raises:
            DivergedError: the loss is no longer a number.
        """
        self._ended = _Interval(
            dataclasses.replace(progress), rate, self._tally.close(), self._gradients.take()
        )
        progress.interval_sums = Sums()
        if not self._late:
            self.write(progress)

    def write(self, progress: Progress) -> None:
        """Write the row of the interval that has ended, unless it is written; raises as `end_interval`."""
        if self._ended is None:
            return
        ended, self._ended = self._ended, None
        interval = ended.progress.interval_sums
        interval.add(self._arrived(ended.sums, ended.progress.step))
        progress.epoch_sums.add(interval)
        self._watcher.on_interval(ended.progress, interval, ended.rate)
        if ended.layers:
            self._watcher.on_layers(ended.progress, ended.layers())

    def bring_up_to_date(self, progress: Progress) -> None:
        """Have `progress` hold the sums of all steps, for a checkpoint; raises as `end_interval`."""
        self.write(progress)
        progress.interval_sums.add(self._arrived(self._tally.close(), progress.step))

    def _arrived(self, sums: Callable[[], tuple[Sums, int | None]], step: int) -> Sums:
        found, steps_ago = sums()
        if steps_ago is not None:
            what = f"The training loss is no longer a number at step {step - steps_ago}"
            raise divergence(self._model, what)
        return found


def fetches_late(device: torch.device) -> bool:
    """Whether the device works on while the processor does something else."""
    return device.type == "cuda"
