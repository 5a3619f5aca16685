"""Which weights the figures of a run are of: present or averaged ones, or those of its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from rsdash.config import RunConfig
from rsdash.training.batches import settling_batches
from rsdash.training.material import Material
from rsdash.training.measure import Score, score
from rsdash.training.progress import Progress
from rsdash.training.step import Stepper


class ReportedWeights:
    """Measures what a recipe reports and keeps the best of it.

    Attributes:
        best: state dict of the best epoch's weights; empty while there is none.
    """

    def __init__(self, stepper: Stepper, material: Material) -> None:
        self.best: Mapping[str, torch.Tensor] = {}
        self._stepper = stepper
        self._material = material

    def measure(self, config: RunConfig, epoch: int, on_batch: Callable[[], None]) -> Score:
        """Measure the weights after an epoch on the validation images.

        Args:
            config: settings in force.
            epoch: counted from 0.
            on_batch: called before each batch; may raise to leave.
        """
        self._settle(config, epoch, on_batch)
        material, model = self._material, self._stepper.measured
        return score(model, material.watched, material.compute, on_batch=on_batch)

    def keep_best(self, config: RunConfig, progress: Progress) -> None:
        """Keep the weights of the epoch that was measured last, if it is the best and the recipe asks."""
        accuracy = progress.accuracies[-1]
        if config.report == "best" and accuracy > progress.best_accuracy:
            progress.best_accuracy, progress.best_epoch = accuracy, progress.epoch
            state = self._stepper.measured.state_dict()
            self.best = {name: value.detach().clone() for name, value in state.items()}

    def weights(
        self, config: RunConfig, progress: Progress, on_batch: Callable[[], None]
    ) -> dict[str, torch.Tensor]:
        """State dict of the weights that the recipe reports.

        Args:
            config: settings in force.
            progress: how far the run is.
            on_batch: called before each batch where an average has to settle; may raise to leave.
        """
        if config.report == "best" and self.best:
            return dict(self.best)
        if progress.step_in_epoch:  # left within an epoch
            self._settle(config, progress.epoch, on_batch)
        return dict(self._stepper.measured.state_dict())

    def _settle(self, config: RunConfig, epoch: int, on_batch: Callable[[], None]) -> None:
        """Have averaged weights find their statistics; while only the last layer learns, they have them."""
        average = self._stepper.average
        if not average:
            return
        average.take_buffers()
        if config.train_layers == "all" and epoch >= config.frozen_epochs:
            batches = settling_batches(self._material.training, config, epoch)
            average.settle(batches, self._material.compute, on_batch=on_batch)
