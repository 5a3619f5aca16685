"""When a checkpoint is due: by the clock, at the end of an epoch, and before one is measured."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

APART_S = 60.0
"""Shortest time between two checkpoints at epochs' ends."""


class SaveClock:
    """Knows when a run was last saved, and how long it takes to measure an epoch."""

    def __init__(self) -> None:
        self._saved_at = time.monotonic()
        self._measuring_s = math.inf  # unknown before the first time

    def reset(self) -> None:
        """Note that all has just been saved, or that training begins."""
        self._saved_at = time.monotonic()

    def due(self, limit_s: float) -> bool:
        """Whether so much work may be lost that it is saved between two steps."""
        return self._since_s > limit_s

    def due_after_epoch(self) -> bool:
        """Whether an epoch's end is saved."""
        return self._since_s > APART_S

    def due_before_measuring(self, limit_s: float) -> bool:
        """Whether too much would be lost by a death while an epoch is measured."""
        return self._since_s > APART_S and self._since_s + self._measuring_s > limit_s

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Time how long it takes to measure an epoch."""
        began = time.monotonic()
        yield
        self._measuring_s = time.monotonic() - began

    @property
    def _since_s(self) -> float:
        """Seconds of work that a death now would lose."""
        return time.monotonic() - self._saved_at
