"""Writes what happens in a run to its folder: events, heartbeats, alerts and checkpoints."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any

import torch

from rsdash.runs.amendments import Amendment
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import Summary
from rsdash.training.checkpoint import RETRY_S, Checkpoint, CheckpointWriter
from rsdash.training.control import Control, Request, Standing
from rsdash.training.gradients import LayerFigures
from rsdash.training.inner_log import InnerLog
from rsdash.training.layers import LayerGroup
from rsdash.training.measure import Score
from rsdash.training.progress import Progress, Sums
from rsdash.training.summaries import latest_epoch, sparkline

HEARTBEAT_S = 2.0


class Recorder:
    """The trainer's watcher: keeps state.json fresh and the event log complete."""

    def __init__(self, folder: RunFolder, control: Control, inner: InnerLog, *, role: str) -> None:
        """Begin to record.

        Args:
            folder: the run; the caller holds its lock.
            control: where requests come from.
            inner: writes what the run shows of its inner life.
            role: role of the images that each epoch is measured on.
        """
        state = folder.state()
        self.summary: Summary = state.summary.model_copy(update={"role": role})
        self._writer = CheckpointWriter(folder.checkpoint_path, log_path=folder.metrics_path)
        self._folder = folder
        self._control = control
        self._inner = inner
        self._began = (time.monotonic(), 0)
        self._steps_per_epoch = 1
        self._beat_at = 0.0
        self._interval_at: float | None = None
        self._checkpoint_step = state.checkpoint_step
        self._fruitless = state.fruitless
        self._compiling = False
        self._warned = False

    @property
    def saving_s(self) -> float:
        """Seconds that the last checkpoint took until it was on disk."""
        return self._writer.seconds

    def begin(
        self,
        progress: Progress,
        groups: Sequence[LayerGroup],
        *,
        steps: int,
        steps_per_epoch: int,
        parameters: int,
        device: str,
        compiled: bool,
    ) -> None:
        """Note what is known before the first step.

        Args:
            progress: where the run stands.
            groups: the network's layers, as gradients are told of them.
            steps: optimizer steps of the whole run.
            steps_per_epoch: those of an epoch.
            parameters: numbers that are learnt.
            device: in words.
            compiled: whether the first steps take long, as the network is compiled in them.
        """
        self._compiling = compiled
        if compiled:
            self._folder.write_state(message="Compiling the network: the first steps take a minute or more.")
        past = self._inner.begin(progress, groups)
        self._began = (time.monotonic(), progress.step)
        self._steps_per_epoch = steps_per_epoch
        self._update(
            steps=steps,
            parameters=parameters,
            device=device,
            step=progress.step,
            epoch=progress.epoch,
            remaining_s=None,
            sparkline=sparkline(progress.accuracies),
            **latest_epoch(past),
        )
        self.heartbeat(force=True)

    def poll(self, progress: Progress) -> Request | Amendment | None:
        """What is asked next: to leave, or to go on with a changed setting."""
        self.heartbeat()
        self._inner.tick(progress)
        return self._control.poll(Standing(progress.step, progress.epoch))

    def on_amendment(self, amendment: Amendment, *, steps: int) -> None:
        """Show how long the run now is; whoever took the request has recorded it."""
        self._update(steps=steps)
        self.heartbeat(force=True)

    def on_short_memory(self, amendment: Amendment, parts_before: int) -> None:
        """Record a change that the worker makes by itself."""
        reason = (
            f"Memory ran out in step {amendment.step + 1}. From here on each batch is worked through in "
            f"{amendment.value:g} parts instead of {parts_before}; the run goes on."
        )
        self._folder.amend(amendment, reason=reason)
        self._folder.log_event("alert", code="memory", message=reason, step=amendment.step + 1)

    def on_interval(self, progress: Progress, interval: Sums, rate: float) -> None:
        """Log the means over the last interval."""
        self._folder.log_event(
            "step",
            step=progress.step,
            epoch=self._epochs(progress),
            loss=interval.mean_loss,
            accuracy=interval.accuracy,
            learning_rate=rate,
            elapsed_s=round(progress.elapsed_s, 3),
            images=interval.images,
            seconds=round(interval.seconds, 4),
            data_s=round(interval.data_s, 4),
        )
        self._measure_speed(interval.images, progress)
        if self._compiling:
            self._compiling = False
            self._folder.log_event("warm_up", seconds=round(interval.seconds, 1))
            self._folder.write_state(message="")
            self._began = (time.monotonic(), progress.step)  # the time that is left is told by later steps

    def on_layers(self, progress: Progress, figures: LayerFigures) -> None:
        """Log the gradients of the step before."""
        self._inner.on_layers(figures, step=progress.step, epoch=self._epochs(progress))

    def on_epoch(self, progress: Progress, training: Sums, validation: Score) -> None:
        """Log an epoch's figures."""
        measured = {"loss": validation.loss, "accuracy": validation.accuracy, "images": validation.images}
        row = {
            "step": progress.step,
            "epoch": progress.epoch,
            "train_loss": training.mean_loss,
            "train_accuracy": training.accuracy,
            "elapsed_s": round(progress.elapsed_s, 3),
            **measured,
        }
        self._folder.log_event("epoch", **row)
        self._update(
            epoch=progress.epoch,
            train_loss=training.mean_loss,
            train_accuracy=training.accuracy,
            sparkline=sparkline(progress.accuracies),
            **measured,
        )
        self._interval_at = None
        self._inner.on_epoch(progress, training, validation)
        self.heartbeat(force=True)

    def on_early_end(self, progress: Progress, idle_epochs: int) -> None:
        """Say why training ends before its last epoch."""
        self._folder.log_event(
            "alert",
            code="early-end",
            message=f"Ended after epoch {progress.epoch}: the loss on validation images has not fallen for "
            f"{idle_epochs} epochs, which the setting patience limits.",
        )

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Have a checkpoint written beside the training."""
        self._writer.start(checkpoint)

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint and wait until it is on disk."""
        self._writer.start(checkpoint)
        self._writer.wait()
        self._inner.write_filters(int(checkpoint.progress["step"]))
        self.heartbeat(force=True)

    def note_last_checkpoint(self) -> None:
        """Note the checkpoint that was last begun, if it reaches the disk, before an error ends the run."""
        try:
            self._writer.wait()
            self.heartbeat(force=True)
        except Exception:  # noqa: BLE001  # the run ends by another error, which is the one to be told
            traceback.print_exc()

    def heartbeat(self, *, force: bool = False) -> None:
        """Refresh state.json when it is due."""
        now, written = time.monotonic(), self._writer.written_step
        due = now - self._beat_at >= HEARTBEAT_S or written not in (None, self._checkpoint_step)
        if not force and not due:
            return
        self._beat_at = now
        self._look_at_writer()
        self._update(memory_bytes=max(self.summary.memory_bytes, peak_memory_bytes()))
        self._folder.write_state(
            summary=self.summary,
            commands_end=self._control.commands_end,
            checkpoint_step=self._checkpoint_step,
            fruitless=self._fruitless,
        )

    def _look_at_writer(self) -> None:
        """Note the checkpoint that was written last, and warn where there was no room for one."""
        self._writer.check()
        written, trouble = self._writer.written_step, self._writer.trouble
        if trouble and not self._warned:
            message = f"{trouble} The checkpoint is tried again in {RETRY_S:.0f} s; then the run fails."
            self._folder.log_event("alert", code="checkpoint", message=message)
            self._warned = True
        if written is not None and written != self._checkpoint_step:
            self._checkpoint_step, self._fruitless = written, 0
            if self._warned:
                self._folder.log_event("relief", code="checkpoint", epoch=self.summary.epoch)
                self._warned = False

    def _measure_speed(self, images: int, progress: Progress) -> None:
        now = time.monotonic()
        began_at, began_step = self._began
        per_step = (now - began_at) / max(progress.step - began_step, 1)
        speed = self.summary.images_per_s
        if self._interval_at is not None:
            latest = images / (now - self._interval_at)
            speed = latest if speed is None else 0.8 * speed + 0.2 * latest
        self._interval_at = now
        self._update(
            step=progress.step,
            elapsed_s=progress.elapsed_s,
            remaining_s=per_step * (self.summary.steps - progress.step),
            images_per_s=speed,
        )

    def _epochs(self, progress: Progress) -> float:
        """How far the run is, in epochs."""
        return round(progress.step / self._steps_per_epoch, 4)

    def _update(self, **changes: Any) -> None:
        self.summary = self.summary.model_copy(update=changes)


def peak_memory_bytes() -> int:
    """Most memory that this process has held: of the GPU where it trains on one, else of the machine."""
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_reserved()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
