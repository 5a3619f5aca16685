"""When a checkpoint is due: by the clock, at the end of an epoch, and before one is measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

APART_S = 60.0
"""Shortest time between two checkpoints at epochs' ends."""


class SaveClock:
    """Knows when a checkpoint was last begun, and how long it takes to measure an epoch."""

    def __init__(self, limit_s: float, saving_s: Callable[[], float]) -> None:
        """Begin now.

        Args:
            limit_s: of work that a death may lose, seconds.
            saving_s: seconds that the last checkpoint took until it was on disk.
        """
        self._limit_s = limit_s
        self._saving_s = saving_s
        self._saved_at = time.monotonic()
        self._measuring_s = math.inf  # unknown before the first time

    def reset(self) -> None:
        """Note that a checkpoint is begun of all that was done, or that training begins."""
        self._saved_at = time.monotonic()

    def due(self) -> bool:
        """Whether so much work may be lost that it is saved between two steps."""
        return self._since_s > self._apart_s

    def due_after_epoch(self) -> bool:
        """Whether an epoch's end is saved."""
        return self._since_s > APART_S

    def due_before_measuring(self) -> bool:
        """Whether too much would be lost by a death while an epoch is measured."""
        return self._since_s > APART_S and self._since_s + self._measuring_s > self._apart_s

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Time how long it takes to measure an epoch."""
        began = time.monotonic()
        yield
        self._measuring_s = time.monotonic() - began

    @property
    def _apart_s(self) -> float:
        """Seconds from the begin of one checkpoint to that of the next, so that this is on disk in time."""
        return max(self._limit_s / 2, self._limit_s - self._saving_s())

    @property
    def _since_s(self) -> float:
        """Seconds of work that a death now would lose, once the last checkpoint is on disk."""
        return time.monotonic() - self._saved_at
