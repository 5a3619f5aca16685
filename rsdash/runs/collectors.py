"""Rows of one kind of event as they come in, and columns of them that are made anew only when rows came."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from rsdash.runs.watched import (
    Answers,
    Confusion,
    LayerHistory,
    ProbeHistory,
    confusion_from,
    frozen,
    layer_history,
    probe_history,
)

Snapshot = TypeVar("Snapshot")


class Collector(Generic[Snapshot]):
    """Rows in the order of their steps; a row that is damaged is passed over."""

    def __init__(self) -> None:
        self._steps: list[float] = []
        self._values: list[Any] = []
        self._snapshot: Snapshot | None = None

    def add(self, fields: Mapping[str, Any]) -> None:
        """Take in one event."""
        try:
            value = self._value(fields)
            step = float(fields.get("step", 0))
        except (ValueError, TypeError, KeyError):
            return
        self._steps.append(step)
        self._values.append(value)
        self._snapshot = None

    def drop_beyond(self, step: float) -> None:
        """Forget what a run that went back to a step had recorded after it."""
        keep = bisect.bisect_right(self._steps, step)
        if keep < len(self._steps):
            del self._steps[keep:], self._values[keep:]
            self._snapshot = None

    def snapshot(self) -> Snapshot:
        """All rows so far; the same object as long as there are no others."""
        if self._snapshot is None:
            self._snapshot = self._freeze()
        return self._snapshot

    def _value(self, fields: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def _freeze(self) -> Snapshot:
        raise NotImplementedError


class Columns(Collector[Mapping[str, np.ndarray]]):
    """Events whose fields are single numbers: name → float64 of shape (n,), NaN where one is missing."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def _value(self, fields: Mapping[str, Any]) -> tuple[float, ...]:
        values = (fields.get(name) for name in self._names)
        return tuple(float("nan") if value is None else float(value) for value in values)

    def _freeze(self) -> Mapping[str, np.ndarray]:
        table = np.array(self._values, dtype=float).reshape(-1, len(self._names))
        return {name: frozen(table[:, place].copy()) for place, name in enumerate(self._names)}


class Confusions(Collector[tuple[Confusion, ...]]):
    """One confusion an epoch."""

    def _value(self, fields: Mapping[str, Any]) -> Confusion:
        return confusion_from(fields)

    def _freeze(self) -> tuple[Confusion, ...]:
        return tuple(self._values)


class _Announced(Collector[Snapshot]):
    """Rows whose columns an event before them names; other columns than before begin anew."""

    def __init__(
        self, make: Callable[[Mapping[str, Any], list[float], list[float], list[Any]], Snapshot]
    ) -> None:
        super().__init__()
        self._make = make
        self._announced: Mapping[str, Any] = {"names": []}

    def announce(self, fields: Mapping[str, Any]) -> None:
        """Take in what the rows to come are about."""
        if fields.get("names") != self._announced["names"]:
            self.drop_beyond(-1)
        self._announced = {**fields, "names": fields.get("names", [])}
        self._snapshot = None

    def _freeze(self) -> Snapshot:
        epochs = [epoch for epoch, _ in self._values]
        return self._make(self._announced, self._steps, epochs, [value for _, value in self._values])

    @property
    def _width(self) -> int:
        return len(self._announced["names"])


class Layers(_Announced[LayerHistory]):
    """Gradient norms and update ratios of the layer groups."""

    def __init__(self) -> None:
        super().__init__(layer_history)

    def _value(self, fields: Mapping[str, Any]) -> Any:
        norms, ratios = (_numbers(fields[name]) for name in ("norms", "ratios"))
        if len(norms) != self._width or len(ratios) != self._width:
            raise ValueError("a row of other layers")
        return float(fields["epoch"]), (norms, ratios)


class ProbeAnswers(_Announced[ProbeHistory]):
    """Probabilities of the probe tiles."""

    def __init__(self) -> None:
        super().__init__(probe_history)

    def _value(self, fields: Mapping[str, Any]) -> Any:
        answers: Answers = tuple(
            tuple((int(label), float(share)) for label, share in tile) for tile in fields["answers"]
        )
        if len(answers) != self._width:
            raise ValueError("a row of other tiles")
        return float(fields["epoch"]), answers


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]
