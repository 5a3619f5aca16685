"""The training loop: epochs of optimizer steps that can be left and taken up again between any two."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.data.mixing import strongest
from rsdash.errors import RunError
from rsdash.training.average import WeightAverage
from rsdash.training.balance import loss_weights
from rsdash.training.batches import epoch_order, steps_per_epoch, training_batch
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.compute import Compute
from rsdash.training.control import Ending, Request
from rsdash.training.measure import Score, score
from rsdash.training.progress import Progress, Sums
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.recipe import make_optimizer, set_learning_layers, set_rate, training_loss
from rsdash.training.schedule import epochs_out_of_patience, plateau_cuts, rate_factor
from rsdash.training.tiles import Tiles

LOGGED_PER_EPOCH = 50
"""At most so many rows an epoch are logged; each fetches its figures from the device once."""
CHECKPOINT_EVERY_S = 60.0
"""Shortest time between two checkpoints at epochs' ends."""


class Watcher(Protocol):
    """What the loop reports to, and asks between two steps whether to go on."""

    def poll(self) -> Request | None:
        """The request that ends this stretch of training, if there is one."""
        ...

    def on_interval(self, progress: Progress, interval: Sums, rate: float) -> None:
        """A row of means over the last interval is due."""
        ...

    def on_epoch(self, progress: Progress, training: Sums, validation: Score | None) -> None:
        """An epoch is complete and validated."""
        ...

    def on_early_end(self, progress: Progress, idle_epochs: int) -> None:
        """Training ends before its last epoch, as the loss on validation images no longer falls."""
        ...

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        """A checkpoint is due; its tensors may change once this returns."""
        ...


@dataclass(frozen=True)
class Material:
    """What a run trains with.

    Attributes:
        model: network with its initial weights, on the device, channels last.
        head: names of the parameters of its last layer.
        training: images that are trained on.
        validation: images that are measured after each epoch.
        compute: device and number format.
        decides: whether anything may be decided by `validation`; not where it is held out for the figures.
    """

    model: nn.Module
    head: set[str]
    training: Tiles
    validation: Tiles
    compute: Compute
    decides: bool = True


class Trainer:
    """Trains one run from where its progress says to where its settings say."""

    def __init__(self, run_id: str, config: RunConfig, material: Material, watcher: Watcher) -> None:
        self.progress = Progress()
        self._run_id = run_id
        self._config = config
        self._material = material
        self._model = material.model
        self._watcher = watcher
        self._optimizer = make_optimizer(material.model, config, material.head)
        self._scaler = torch.amp.GradScaler(
            material.compute.device.type, enabled=material.compute.dtype == torch.float16
        )
        self._average = WeightAverage(material.model, config.ema_decay) if config.ema_decay else None
        self._best: Mapping[str, torch.Tensor] = {}
        self._class_weights = loss_weights(config, material.training, material.compute.device)
        self._loss_sum = torch.zeros((), device=material.compute.device)
        self._right_sum = torch.zeros((), device=material.compute.device)
        self._began = time.monotonic()
        self._saved_at = time.monotonic()

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch."""
        return steps_per_epoch(len(self._material.training), self._config.batch_size)

    @property
    def total_steps(self) -> int:
        """Optimizer steps in the whole run."""
        return self._config.epochs * self.steps_per_epoch

    def run(self) -> Request:
        """Train until all epochs are done or something is asked."""
        self._began = self._saved_at = time.monotonic()
        while self.progress.epoch < self._config.epochs:
            if idle := epochs_out_of_patience(self.progress.losses, self._config):
                self._watcher.on_early_end(self.progress, idle)
                break
            if request := self._epoch():
                return request
        return Request(Ending.COMPLETE)

    def checkpoint(self) -> Checkpoint:
        """The present state, sharing its tensors with the training."""
        self._fetch_sums()
        self._count_time()
        return Checkpoint(
            run_id=self._run_id,
            model=self._model.state_dict(),
            optimizer=self._optimizer.state_dict(),
            scaler=self._scaler.state_dict(),
            average=self._average.model.state_dict() if self._average else {},
            best=self._best,
            progress=self.progress.to_dict(),
            threads=torch.get_num_threads(),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint."""
        self._model.load_state_dict(checkpoint.model)
        self._optimizer.load_state_dict(dict(checkpoint.optimizer))
        self._scaler.load_state_dict(dict(checkpoint.scaler))
        if self._average:
            self._average.model.load_state_dict(checkpoint.average)
        self._best = checkpoint.best
        self.progress = Progress.from_dict(dict(checkpoint.progress))

    def reported_weights(self) -> dict[str, torch.Tensor]:
        """The weights that the recipe reports: of the best epoch, or the present ones, averaged if asked."""
        if self._config.report == "best" and self._best:
            return dict(self._best)
        return dict(self._measured_model().state_dict())

    def _epoch(self) -> Request | None:
        progress, config = self.progress, self._config
        order = epoch_order(self._material.training.labels, config, progress.epoch)
        set_learning_layers(self._model, config, progress.epoch)
        self._model.train(config.train_layers == "all")
        log_every = max(1, self.steps_per_epoch // LOGGED_PER_EPOCH)
        for _ in range(progress.step_in_epoch, self.steps_per_epoch):
            rate = self._step(order)
            if progress.step_in_epoch % log_every == 0 or progress.step_in_epoch == self.steps_per_epoch:
                self._close_interval(rate)
            if request := self._watcher.poll():
                return request
            if time.monotonic() - self._saved_at > 60 * config.checkpoint_minutes:
                self._save()
        self._close_epoch()
        return None

    def _step(self, order: torch.Tensor) -> float:
        config, progress, material = self._config, self.progress, self._material
        images, labels = training_batch(
            material.training, config, order, epoch=progress.epoch, step=progress.step_in_epoch
        )
        seed_network(config.seed, Stream.NETWORK, epoch=progress.epoch, step=progress.step_in_epoch)
        cuts = plateau_cuts(progress.losses, config)
        factor = rate_factor(config, progress.step, steps_per_epoch=self.steps_per_epoch, cuts=cuts)
        set_rate(self._optimizer, factor)
        with material.compute.autocast():
            logits = self._model(images)
        loss = training_loss(logits, labels, self._model, config, self._class_weights)
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        if config.clip_gradient > 0:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._model.parameters(), config.clip_gradient)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        progress.step += 1
        progress.step_in_epoch += 1
        if self._average:
            self._average.update(self._model, progress.step)
        self._loss_sum += loss.detach() * len(labels)
        self._right_sum += (logits.detach().argmax(1) == strongest(labels)).sum()
        progress.interval_sums.images += len(labels)
        return config.learning_rate * factor

    def _fetch_sums(self) -> None:
        """Bring the sums over from the device; waits for it."""
        interval = self.progress.interval_sums
        interval.loss += float(self._loss_sum)
        interval.right += float(self._right_sum)
        self._loss_sum.zero_()
        self._right_sum.zero_()

    def _close_interval(self, rate: float) -> None:
        self._fetch_sums()
        self._count_time()
        interval, self.progress.interval_sums = self.progress.interval_sums, Sums()
        if not interval.loss < float("inf"):
            raise RunError(
                f"The training loss is no longer a number at step {self.progress.step}. "
                "Lower the learning rate or set clip_gradient=1."
            )
        self.progress.epoch_sums.add(interval)
        self._watcher.on_interval(self.progress, interval, rate)

    def _close_epoch(self) -> None:
        progress, material = self.progress, self._material
        validation = score(self._measured_model(), material.validation, material.compute)
        training, progress.epoch_sums = progress.epoch_sums, Sums()
        progress.epoch += 1
        progress.step_in_epoch = 0
        progress.accuracies.append(validation.accuracy)
        progress.losses.append(validation.loss if material.decides else training.mean_loss)
        if self._config.report == "best" and validation.accuracy > progress.best_accuracy:
            progress.best_accuracy, progress.best_epoch = validation.accuracy, progress.epoch
            state = self._measured_model().state_dict()
            self._best = {name: value.detach().clone() for name, value in state.items()}
        self._count_time()
        self._watcher.on_epoch(progress, training, validation)
        if time.monotonic() - self._saved_at > CHECKPOINT_EVERY_S:
            self._save()

    def _measured_model(self) -> nn.Module:
        return self._average.model if self._average else self._model

    def _save(self) -> None:
        self._watcher.on_checkpoint(self.checkpoint())
        self._saved_at = time.monotonic()

    def _count_time(self) -> None:
        now = time.monotonic()
        self.progress.elapsed_s += now - self._began
        self._began = now
