"""Raises each alert of a run once, over all its attempts."""

from __future__ import annotations

from collections.abc import Sequence

from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History
from rsdash.training.alerts import Alert, chance, loss_of_guessing, overfitting, plateau, starvation
from rsdash.training.progress import Progress, Sums


class Alarms:
    """Keeps the losses of all epochs and looks at them after each."""

    def __init__(self, folder: RunFolder, *, shares: Sequence[float]) -> None:
        """Begin without a past.

        Args:
            folder: the run; the caller holds its lock.
            shares: of the classes among what is trained on, adding up to 1; for the loss of guessing.
        """
        self._folder = folder
        self._guessing = loss_of_guessing(shares)
        self._raised: set[str] = set()
        self._train_losses: list[float] = []
        self._losses: list[float] = []

    def recall(self, history: History) -> None:
        """Take over what earlier attempts have seen and said."""
        alerts = [notice for notice in history.notices if notice.kind == "alert"]
        self._raised = set()
        for notice in alerts:
            self._note(str(notice.fields.get("code")))
        self._train_losses = history.epochs["train_loss"].tolist()
        self._losses = history.epochs["loss"].tolist()

    def on_epoch(self, progress: Progress, training: Sums, loss: float | None) -> None:
        """Look at the epoch that has just ended.

        Args:
            progress: where the run stands.
            training: sums over the epoch.
            loss: on the images that are not trained on, in nats, if there are any.
        """
        self._train_losses.append(training.mean_loss)
        if loss is not None:
            self._losses.append(loss)
        seen = (
            chance(self._train_losses, self._guessing),
            overfitting(self._train_losses, self._losses),
            plateau(self._losses, self._guessing),
            starvation(training.data_s, training.seconds, progress.epoch),
        )
        for alert in seen:
            if alert and alert.code not in self._raised:
                self._raise(alert, progress)

    def _raise(self, alert: Alert, progress: Progress) -> None:
        self._note(alert.code)
        self._folder.log_event("alert", code=alert.code, message=alert.message, step=progress.step)

    def _note(self, code: str) -> None:
        self._raised.add(code)
        if code == "overfitting":
            self._raised.add("plateau")  # a loss that rises has been told of
