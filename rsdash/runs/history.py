"""Reading a run's events: only new bytes each time, out come immutable snapshots that a chart can draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.runs.collectors import Columns, Confusions, Layers, ProbeAnswers
from rsdash.runs.events import read_lines
from rsdash.runs.notices import GO_BACK, NOTICE_KINDS, Alerts, Notice, alerts_among, notice_from
from rsdash.runs.watched import Confusion, LayerHistory, ProbeHistory

STEP_COLUMNS = (
    "step",
    "epoch",
    "loss",
    "accuracy",
    "learning_rate",
    "elapsed_s",
    "images",
    "seconds",
    "data_s",
    "at",
)
ENDS_OF_EPOCHS = ("epoch", "confusion", "probe")
"""Kinds of events that come once an epoch, after its last step."""
EPOCH_COLUMNS = ("step", "epoch", "train_loss", "train_accuracy", "loss", "accuracy", "elapsed_s", "at")
MACHINE_COLUMNS = ("step", "at", "cpu", "memory", "cpu_c", "gpu", "gpu_memory", "gpu_c")


@dataclass(frozen=True)
class History:
    """What has been recorded so far.

    A part that did not change between two snapshots is the same object in both.

    Attributes:
        steps: columns of STEP_COLUMNS, one row per logged interval, each float64 of shape (n,);
            loss in nats and accuracy as a share are means over the interval's training images, `elapsed_s`
            is the training time since the run began, `seconds` that of the interval, `data_s` the part of
            it in which steps waited for images, `at` its end in seconds since 1970.
        epochs: columns of EPOCH_COLUMNS, one row per completed epoch; `loss` and `accuracy` are those of
            the images that are not trained on, NaN where there are none.
        machine: columns of MACHINE_COLUMNS, one row every few seconds; `at` in seconds since 1970, `cpu`
            and `gpu` as shares, memory in bytes, temperatures in °C.
        layers: gradients of the layer groups.
        probes: answers to the probe tiles.
        confusions: one an epoch.
        notices: alerts, reliefs, acknowledgements, resumes and returns in order.
        alerts: which of the alerts among them still hold, and which no longer do.
        revision: grows with every change; equal revisions mean equal content.
    """

    steps: Mapping[str, np.ndarray]
    epochs: Mapping[str, np.ndarray]
    machine: Mapping[str, np.ndarray]
    layers: LayerHistory
    probes: ProbeHistory
    confusions: tuple[Confusion, ...]
    notices: tuple[Notice, ...]
    alerts: Alerts
    revision: int


class HistoryReader:
    """Follows one metrics.jsonl by inode and offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()
        self._snapshot = self._freeze()

    @property
    def latest(self) -> History:
        """What the last call of `refresh` returned, without a look at the disk."""
        return self._snapshot

    def refresh(self) -> History:
        """Take in what was written since the last call and return the present state."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._snapshot
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._forget()
            self._inode = status.st_ino
        before = self._offset
        if status.st_size > self._offset:
            for line in read_lines(self._path, self._offset):
                self._take(line.fields)
                self._offset = line.end
        if self._offset != before or self._snapshot.revision != self._offset:
            self._snapshot = self._freeze()
        return self._snapshot

    def _forget(self) -> None:
        self._inode = -1
        self._offset = 0
        self._steps = Columns(STEP_COLUMNS)
        self._epochs = Columns(EPOCH_COLUMNS)
        self._machine = Columns(MACHINE_COLUMNS)
        self._layers = Layers()
        self._probes = ProbeAnswers()
        self._confusions = Confusions()
        self._collectors = {
            "step": self._steps,
            "epoch": self._epochs,
            "machine": self._machine,
            "gradients": self._layers,
            "probe": self._probes,
            "confusion": self._confusions,
        }
        self._notices: list[Notice] = []

    def _take(self, fields: dict[str, Any]) -> None:
        kind = fields.get("kind")
        if kind in self._collectors:
            self._collectors[kind].add(fields)
        elif kind == "layers":
            self._layers.announce(fields)
        elif kind == "probes":
            self._probes.announce(fields)
        elif kind in NOTICE_KINDS:
            if kind in GO_BACK:
                self._drop_beyond(float(fields.get("step", 0)), within=bool(fields.get("within_epoch")))
            self._notices.append(notice_from(fields))

    def _drop_beyond(self, step: float, *, within: bool) -> None:
        """Forget what is done again or dropped; within an epoch that is its end as well, at the same step."""
        for kind, collector in self._collectors.items():
            collector.drop_beyond(step - 1 if within and kind in ENDS_OF_EPOCHS else step)

    def _freeze(self) -> History:
        epochs, notices = self._epochs.snapshot(), tuple(self._notices)
        return History(
            steps=self._steps.snapshot(),
            epochs=epochs,
            machine=self._machine.snapshot(),
            layers=self._layers.snapshot(),
            probes=self._probes.snapshot(),
            confusions=self._confusions.snapshot(),
            notices=notices,
            alerts=alerts_among(notices, latest_epoch_at=max(epochs["at"].tolist(), default=0.0)),
            revision=self._offset,
        )
