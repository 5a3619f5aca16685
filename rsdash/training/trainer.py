"""The training loop: epochs of optimizer steps that can be left and taken up again between any two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

import torch

from rsdash.config import RunConfig
from rsdash.runs.amendments import Amendment
from rsdash.training.balance import loss_weights
from rsdash.training.batches import epoch_order, positions_of, steps_per_epoch, training_batch
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.control import Ending, LeaveError, Request
from rsdash.training.gradients import GradientWatch, sample_every
from rsdash.training.layers import LayerGroup
from rsdash.training.material import Material
from rsdash.training.measure import Score
from rsdash.training.progress import Progress, Sums
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.recipe import set_learning_layers
from rsdash.training.reported import ReportedWeights
from rsdash.training.rows import Rows
from rsdash.training.save_clock import SaveClock
from rsdash.training.schedule import epochs_out_of_patience
from rsdash.training.steering import Steering
from rsdash.training.step import Stepper
from rsdash.training.tally import Tally, broken_weights, divergence
from rsdash.training.tiles import Gathered, gather_ahead
from rsdash.training.watcher import Watcher

LOGGED_PER_EPOCH = 50
"""At most so many rows an epoch are logged; each fetches its figures from the device once."""


class Trainer:
    """Trains one run from where its progress says to where its settings say."""

    def __init__(
        self,
        run_id: str,
        config: RunConfig,
        material: Material,
        watcher: Watcher,
        *,
        amendments: Sequence[Amendment] = (),
    ) -> None:
        """Begin before the first step.

        Args:
            run_id: names the run in its checkpoints.
            config: settings as asked for.
            material: what to train with.
            watcher: is told what happens.
            amendments: settings changed so far, each from its step on; those to come are replayed.
        """
        self.progress = Progress()
        self._run_id = run_id
        self._steering = Steering(config, amendments)
        self._material = material
        self._watcher = watcher
        weights = loss_weights(config, material.training, material.compute.device)
        self._stepper = Stepper(
            material.model, material.head, material.compute, config, class_weights=weights
        )
        self._reported = ReportedWeights(self._stepper, material)
        self._tally = Tally(material.compute.device)
        self._gradients = GradientWatch(material.model)
        self._rows = Rows(material.model, self._tally, self._gradients, watcher)
        self._sample_every = 1
        self._began = time.monotonic()
        self._clock = SaveClock(60 * config.checkpoint_minutes, lambda: watcher.saving_s)
        self._restored_at: tuple[int, int] | None = None

    @property
    def config(self) -> RunConfig:
        """The settings in force."""
        return self._steering.config

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch."""
        return steps_per_epoch(len(self._material.training), self.config.batch_size)

    @property
    def total_steps(self) -> int:
        """Optimizer steps in the whole run, with the changes of settings that lie ahead."""
        return self._steering.epochs_at_last * self.steps_per_epoch

    @property
    def has_moved(self) -> bool:
        """Whether there is more to save than the checkpoint holds that was restored, if one was."""
        return self._restored_at != (self.progress.epoch, self.progress.step)

    @property
    def layers(self) -> Sequence[LayerGroup]:
        """The groups of layers whose gradients are reported."""
        return self._gradients.groups

    def run(self) -> Request:
        """Train until all epochs are done, the patience is used up, or something is asked.

        Checkpoints are asked for on the way; that of the end is the caller's to write.

        Raises:
            DivergedError: the loss or a weight is no longer a number.
            RunError: memory does not suffice for two images.
        """
        self._began = time.monotonic()
        self._clock.reset()
        while self.progress.epoch < self.config.epochs:
            if idle := self._idle_too_long():
                self._watcher.on_early_end(self.progress, idle)
                break
            if request := self._epoch():
                return request
        return Request(Ending.COMPLETE)

    def checkpoint(self) -> Checkpoint:
        """The present state, sharing its tensors with the training.

        Raises:
            DivergedError: a weight is no longer a number, so that nothing could go on from it.
        """
        self._rows.bring_up_to_date(self.progress)
        if broken_weights(self._stepper.model):
            what = f"A weight is no longer a number after step {self.progress.step}"
            raise divergence(self._stepper.model, what)
        self._count_time()
        return Checkpoint(
            run_id=self._run_id,
            **self._stepper.state(),
            best=self._reported.best,
            progress=self.progress.to_dict(),
            threads=torch.get_num_threads(),
            scale=asdict(self._material.training.scale),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint."""
        self._stepper.restore(checkpoint)
        self._reported.best = checkpoint.best
        self.progress = Progress.from_dict(dict(checkpoint.progress))
        self._restored_at = (self.progress.epoch, self.progress.step)
        self._steering.move_to(self.progress.step)

    def reported_weights(self, on_batch: Callable[[], None] = lambda: None) -> dict[str, torch.Tensor]:
        """The weights that the recipe reports: of the best epoch, or the present ones, averaged if asked.

        Args:
            on_batch: called now and then where an average has to settle first; may raise to leave.
        """
        return self._reported.weights(self.config, self.progress, on_batch)

    def _epoch(self) -> Request | None:
        progress = self.progress
        order = epoch_order(self._material.training.labels, self.config, progress.epoch)
        set_learning_layers(self._stepper.model, self.config, progress.epoch)
        self._stepper.model.train(self.config.train_layers == "all")
        self._tally.start()
        log_every = -(-self.steps_per_epoch // LOGGED_PER_EPOCH)
        self._sample_every = sample_every(self.steps_per_epoch, log_every)
        steps = range(progress.step_in_epoch, self.steps_per_epoch)
        wanted = (positions_of(order, self.config, step) for step in steps)
        batches = gather_ahead(self._material.training, wanted)
        for _ in steps:
            rate = self._step(batches)
            self._rows.write(progress)
            if progress.step_in_epoch % log_every == 0 or progress.step_in_epoch == self.steps_per_epoch:
                self._count_time()
                self._rows.end_interval(progress, rate)
            if request := self._listen():
                return request
            if self._clock.due():
                self._save()
        self._rows.write(progress)
        try:
            self._close_epoch(self._measure())
        except LeaveError as left:
            return left.request
        return None

    def _idle_too_long(self) -> int:
        """Epochs without a lower loss, where they are more than the patience allows; else 0."""
        since = self._steering.length_set_at // self.steps_per_epoch
        return epochs_out_of_patience(self.progress.losses, self.config, since=since)

    def _measure(self) -> Score:
        """Measure the epoch; before, save what a death meanwhile would lose too much of."""
        if self._clock.due_before_measuring():
            self._save()
        with self._clock.measuring():
            return self._reported.measure(self.config, self.progress.epoch, self._heed)

    def _step(self, batches: Iterator[Gathered]) -> float:
        progress, epoch, step = self.progress, self.progress.epoch, self.progress.step_in_epoch
        with self._tally.batch():
            images, labels = self._batch(next(batches))
        look = self._gradients.before_update if (step + 1) % self._sample_every == 0 else None
        rate = self._steering.rate(progress, self.steps_per_epoch)
        parts, amendment = self.config.accumulation, None
        while True:
            seed_network(self.config.seed, Stream.NETWORK, epoch=epoch, step=step)
            if sums := self._stepper.attempt(images, labels, self.config, rate=rate, look=look):
                break
            amendment = self._steering.take_smaller_parts(progress.step, len(labels))
        if amendment:
            self._watcher.on_short_memory(amendment, parts)
        if look:
            self._gradients.after_update()
        progress.step += 1
        progress.step_in_epoch += 1
        self._steering.move_to(progress.step)
        self._tally.add(sums)
        if self._stepper.average:
            self._stepper.average.update(progress.step)
        return rate

    def _batch(self, gathered: Gathered) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels of the step that comes."""
        place = {"epoch": self.progress.epoch, "step": self.progress.step_in_epoch}
        return self._stepper.batch_with_room(
            partial(training_batch, self._material.training, self.config, gathered, **place)
        )

    def _listen(self) -> Request | None:
        """Do what is asked, until it is to leave or nothing more is asked."""
        while asked := self._watcher.poll(self.progress):
            if isinstance(asked, Request):
                return asked
            self._steering.amend(asked)
            self._watcher.on_amendment(asked, steps=self.total_steps)
        return None

    def _heed(self) -> None:
        """Leave the measuring where that is asked; a resumed run measures the epoch from the beginning."""
        if request := self._listen():
            raise LeaveError(request)

    def _close_epoch(self, validation: Score) -> None:
        progress = self.progress
        training, progress.epoch_sums = progress.epoch_sums, Sums()
        progress.epoch += 1
        progress.step_in_epoch = 0
        progress.accuracies.append(validation.accuracy)
        progress.losses.append(validation.loss if self._material.decides else training.mean_loss)
        self._reported.keep_best(self.config, progress)
        self._count_time()
        self._watcher.on_epoch(progress, training, validation)
        over = progress.epoch >= self.config.epochs or self._idle_too_long()
        if not over and self._clock.due_after_epoch():
            self._save()

    def _save(self) -> None:
        self._watcher.on_checkpoint(self.checkpoint())
        self._clock.reset()

    def _count_time(self) -> None:
        now = time.monotonic()
        self.progress.elapsed_s += now - self._began
        self._began = now
