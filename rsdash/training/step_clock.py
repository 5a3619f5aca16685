"""How long steps wait for their images, and how long they take in all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch


class Times(NamedTuple):
    """Seconds since the last look: in all, and until the images were ready."""

    seconds: float
    data_s: float


class StepClock:
    """Counts the time of an interval of steps; on CUDA by events on the stream, so that no step waits.

    On CUDA a batch takes as long as the stream needs from the work before it to the work behind it: the
    copying and changing of images, and whatever the stream stands still for meanwhile.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._began = time.perf_counter()
        self._data_s = 0.0
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def start(self) -> None:
        """Begin an interval; what came before, such as a validation, is not counted."""
        self._began, self._data_s = time.perf_counter(), 0.0
        self._events.clear()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Around the making of a batch."""
        if self._cuda:
            before, behind = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            before.record()
            yield
            behind.record()
            self._events.append((before, behind))
        else:
            began = time.perf_counter()
            yield
            self._data_s += time.perf_counter() - began

    def take(self) -> Times:
        """End an interval and begin the next; call when the device has done the steps."""
        data_s = self._data_s + sum(a.elapsed_time(b) for a, b in self._events) / 1000  # ms
        times = Times(time.perf_counter() - self._began, data_s)
        self.start()
        return times
