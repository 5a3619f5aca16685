"""Raises each alert of a run once, over all its attempts."""

from __future__ import annotations

from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History
from rsdash.training.alerts import Alert, chance, overfitting, plateau, starvation
from rsdash.training.progress import Progress, Sums


class Alarms:
    """Keeps the losses of all epochs and looks at them after each."""

    def __init__(self, folder: RunFolder, *, classes: int) -> None:
        """Begin without a past.

        Args:
            folder: the run; the caller holds its lock.
            classes: number of classes, for the loss of guessing.
        """
        self._folder = folder
        self._classes = classes
        self._raised: set[str] = set()
        self._train_losses: list[float] = []
        self._losses: list[float] = []

    def recall(self, history: History) -> None:
        """Take over what earlier attempts have seen and said."""
        alerts = [notice for notice in history.notices if notice.kind == "alert"]
        self._raised = {str(notice.fields.get("code")) for notice in alerts}
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
            chance(self._train_losses, self._classes),
            overfitting(self._train_losses, self._losses),
            plateau(self._losses, self._classes),
            starvation(training.data_s, training.seconds, progress.epoch),
        )
        for alert in seen:
            if alert and alert.code not in self._raised:
                self._raise(alert, progress)

    def _raise(self, alert: Alert, progress: Progress) -> None:
        self._raised.add(alert.code)
        if alert.code == "overfitting":
            self._raised.add("plateau")  # a loss that rises has been told of
        self._folder.log_event("alert", code=alert.code, message=alert.message, step=progress.step)
