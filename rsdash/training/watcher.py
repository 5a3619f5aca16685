"""What the training loop reports to, and asks for wishes."""

from __future__ import annotations

from typing import Protocol

from rsdash.runs.amendments import Amendment
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.control import Request
from rsdash.training.gradients import LayerFigures
from rsdash.training.measure import Score
from rsdash.training.progress import Progress, Sums


class Watcher(Protocol):
    """What the loop reports to, and asks whether to go on, between steps and batches that are measured."""

    @property
    def saving_s(self) -> float:
        """Seconds that the last checkpoint took until it was on disk."""
        ...

    def poll(self, progress: Progress) -> Request | Amendment | None:
        """What is asked next: to leave, or to go on with a changed setting."""
        ...

    def on_amendment(self, amendment: Amendment, *, steps: int) -> None:
        """A setting was changed as asked, so that the run now takes `steps` optimizer steps."""
        ...

    def on_short_memory(self, amendment: Amendment, parts_before: int) -> None:
        """Memory ran out in a step until it was taken in more parts; nobody has recorded that yet."""
        ...

    def on_interval(self, progress: Progress, interval: Sums, rate: float) -> None:
        """A row of means over the last interval is due."""
        ...

    def on_layers(self, progress: Progress, figures: LayerFigures) -> None:
        """The gradients of the latest step were measured."""
        ...

    def on_epoch(self, progress: Progress, training: Sums, validation: Score) -> None:
        """An epoch is complete and measured."""
        ...

    def on_early_end(self, progress: Progress, idle_epochs: int) -> None:
        """Training ends before its last epoch, as the loss on validation images no longer falls."""
        ...

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        """A checkpoint is due; its tensors may change once this returns."""
        ...
