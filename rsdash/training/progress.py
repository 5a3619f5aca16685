"""How far a run has come: counters, running sums and the best epoch so far; part of every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Sums:
    """Sums over training images: loss in nats, images that were right, images seen; and of the time.

    `seconds` are those of the steps, `data_s` those among them until the images were ready.
    """

    loss: float = 0.0
    right: float = 0.0
    images: int = 0
    seconds: float = 0.0
    data_s: float = 0.0

    def add(self, other: Sums) -> None:
        """Add another sum to this one."""
        self.loss += other.loss
        self.right += other.right
        self.images += other.images
        self.seconds += other.seconds
        self.data_s += other.data_s

    @property
    def mean_loss(self) -> float:
        """Loss per image, in nats."""
        return self.loss / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """Share of images that were right."""
        return self.right / max(self.images, 1)


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        epoch: epochs completed.
        step_in_epoch: optimizer steps taken in the present epoch.
        step: optimizer steps taken in all.
        elapsed_s: seconds of training over all attempts.
        epoch_sums: over the present epoch, up to the last logged interval.
        interval_sums: over the present interval.
        best_accuracy: highest validation accuracy so far, or -1.
        best_epoch: epoch that reached it, counted from 1.
        losses: what plateaus are judged by, per epoch: on validation images where there are any, else in
            training.
        accuracies: share right on the images that are not trained on, per epoch.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    elapsed_s: float = 0.0
    epoch_sums: Sums = field(default_factory=Sums)
    interval_sums: Sums = field(default_factory=Sums)
    best_accuracy: float = -1.0
    best_epoch: int = 0
    accuracies: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Progress:
        """The progress that `to_dict` wrote."""
        sums = {name: Sums(**values[name]) for name in ("epoch_sums", "interval_sums")}
        return cls(**{**values, **sums})
