"""Reading a run's events: only new bytes each time, out come immutable snapshots that a chart can draw."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.runs.events import read_lines

MAX_POINTS = 1_000
ACTION_WORDS = {"suspend": "Pause", "set_lr": "Learning rate", "set_epochs": "Epochs"}
"""Requests that a person knows under another name."""
STEP_COLUMNS = ("step", "epoch", "loss", "accuracy", "learning_rate")
EPOCH_COLUMNS = ("step", "epoch", "train_loss", "train_accuracy", "loss", "accuracy", "elapsed_s")


@dataclass(frozen=True)
class Notice:
    """Something the run has to say: an alert, an acknowledgement or a resume.

    Attributes:
        kind: alert, acknowledgement or resume.
        at: seconds since 1970.
        text: one sentence.
        fields: the event as written.
    """

    kind: str
    at: float
    text: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """What has been recorded so far.

    Attributes:
        steps: columns of STEP_COLUMNS, one row per logged interval, each float64 of shape (n,);
            loss in nats and accuracy as a share are means over the interval's training images.
        epochs: columns of EPOCH_COLUMNS, one row per completed epoch; `loss` and `accuracy` are those of
            the images that are not trained on, NaN where there are none.
        notices: alerts, acknowledgements and resumes in order.
        revision: grows with every change; equal revisions mean equal content.
    """

    steps: Mapping[str, np.ndarray]
    epochs: Mapping[str, np.ndarray]
    notices: tuple[Notice, ...]
    revision: int


class HistoryReader:
    """Follows one metrics.jsonl by inode and offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()
        self._snapshot = self._freeze()

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
        self._steps: dict[str, list[float]] = {name: [] for name in STEP_COLUMNS}
        self._epochs: dict[str, list[float]] = {name: [] for name in EPOCH_COLUMNS}
        self._notices: list[Notice] = []

    def _take(self, fields: dict[str, Any]) -> None:
        kind = fields.get("kind")
        if kind == "step":
            _append(self._steps, fields)
        elif kind == "epoch":
            _append(self._epochs, fields)
        elif kind in ("alert", "acknowledgement", "resume"):
            if kind == "resume":
                self._drop_beyond(float(fields.get("step", 0)))
            self._notices.append(_notice(kind, fields))

    def _drop_beyond(self, step: float) -> None:
        for columns in (self._steps, self._epochs):
            keep = bisect.bisect_right(columns["step"], step)
            for values in columns.values():
                del values[keep:]

    def _freeze(self) -> History:
        return History(
            steps={name: np.array(values, dtype=float) for name, values in self._steps.items()},
            epochs={name: np.array(values, dtype=float) for name, values in self._epochs.items()},
            notices=tuple(self._notices),
            revision=self._offset,
        )


@dataclass(frozen=True)
class Line2D:
    """Points of one line of a chart, each float64 of shape (n,)."""

    x: np.ndarray = field(default_factory=lambda: np.empty(0))
    y: np.ndarray = field(default_factory=lambda: np.empty(0))


def thin(x: np.ndarray, y: np.ndarray, *, max_points: int = MAX_POINTS) -> Line2D:
    """Keep the lowest and the highest point of each bin of neighbours.

    Bins hold a power of two of points and start at multiples of it, so that points already drawn
    stay as they are while a line grows.

    Args:
        x: float64 of shape (n,), ascending.
        y: float64 of shape (n,).
        max_points: upper bound of the points returned.
    """
    width = 1
    while 2 * -(-len(x) // width) > max_points and len(x) > max_points:
        width *= 2
    if width == 1:
        return Line2D(x, y)
    starts = range(0, len(y), width)
    keep: set[int] = set()
    for start in starts:
        part = y[start : start + width]
        if np.isnan(part).all():
            continue
        keep |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    rows = np.array(sorted(keep), dtype=int)
    return Line2D(x[rows], y[rows])


def _append(columns: dict[str, list[float]], fields: dict[str, Any]) -> None:
    for name, values in columns.items():
        value = fields.get(name)
        values.append(float("nan") if value is None else float(value))


def _notice(kind: str, fields: dict[str, Any]) -> Notice:
    if kind == "resume":
        text = f"Resumed at step {fields.get('step', 0)} (attempt {fields.get('attempt', '?')})."
    elif kind == "acknowledgement":
        outcome = "done" if fields.get("outcome") == "done" else f"refused: {fields.get('reason', '')}"
        action = str(fields.get("action", ""))
        value = f" {fields['value']:g}" if isinstance(fields.get("value"), int | float) else ""
        text = f"{ACTION_WORDS.get(action, action.capitalize())}{value}: {outcome}"
    else:
        text = str(fields.get("message", ""))
    return Notice(kind, float(fields.get("at", 0.0)), text, fields)
