"""Raises an alert when its condition begins to hold, and ends it when that no longer does."""

from __future__ import annotations

from collections.abc import Sequence

from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History
from rsdash.training.alerts import Alert, chance, loss_of_guessing, overfitting, plateau, starvation
from rsdash.training.progress import Progress, Sums

JUDGED = frozenset({"chance", "overfitting", "plateau", "starvation"})
"""Codes of the alerts that are judged anew after each epoch."""


class Alarms:
    """Keeps the losses of all epochs, looks at them after each, and knows which alerts stand."""

    def __init__(self, folder: RunFolder, *, shares: Sequence[float]) -> None:
        """Begin without a past.

        Args:
            folder: the run; the caller holds its lock.
            shares: of the classes among what is trained on, adding up to 1; for the loss of guessing.
        """
        self._folder = folder
        self._guessing = loss_of_guessing(shares)
        self._standing: set[str] = set()
        self._train_losses: list[float] = []
        self._losses: list[float] = []
        self._recalled = 0

    def recall(self, history: History) -> None:
        """Take over what earlier attempts have seen and said."""
        self._standing = {str(notice.fields.get("code")) for notice in history.alerts.standing} & JUDGED
        self._train_losses = history.epochs["train_loss"].tolist()
        self._losses = history.epochs["loss"].tolist()
        self._recalled = len(self._train_losses)

    def on_epoch(self, progress: Progress, training: Sums, loss: float) -> None:
        """Look at the epoch that has just ended.

        Args:
            progress: where the run stands.
            training: sums over the epoch.
            loss: on the images that are not trained on, in nats.
        """
        self._train_losses.append(training.mean_loss)
        self._losses.append(loss)
        seen = self._seen(progress, training)
        place = {"step": progress.step, "epoch": progress.epoch}
        for code in sorted(self._standing - seen.keys()):
            self._folder.log_event("relief", code=code, **place)
        for code, alert in seen.items():
            if code not in self._standing:
                self._folder.log_event("alert", code=code, message=alert.message, **place)
        self._standing = set(seen)

    def _seen(self, progress: Progress, training: Sums) -> dict[str, Alert]:
        """What there is to warn of now, by code."""
        since = self._epochs_unchanged_since(progress)
        rising = overfitting(self._train_losses, self._losses, since=since)
        begun = 0 if "starvation" in self._standing else self._recalled  # what stands needs no new proof
        found = (
            chance(self._train_losses, self._guessing, since=since),
            rising or plateau(self._losses, self._guessing, since=since),
            starvation(training.data_s, training.seconds, progress.epoch, since=begun),
        )
        return {alert.code: alert for alert in found if alert}

    def _epochs_unchanged_since(self, progress: Progress) -> int:
        """Epochs that were done when a person last changed rate or length; 0 if nobody did.

        What the losses showed before has been told, and was answered.
        """
        changes = self._folder.state().amendments
        steps = [one.step for one in changes if one.setting != "accumulation" and one.step <= progress.step]
        return max(steps, default=0) * progress.epoch // progress.step
