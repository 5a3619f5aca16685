"""How long steps wait for their images, and how long they take in all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch


class Times(NamedTuple):
    """Seconds of an interval of steps: in all, and until the images were ready."""

    seconds: float
    data_s: float


class StepClock:
    """Counts the time of an interval of steps; on CUDA by events on the stream, so that no step waits.

    On CUDA a batch takes as long as the stream needs from the work before it to the work behind it: the
    copying and changing of images, and whatever the stream stands still for meanwhile.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self.start()

    def start(self) -> None:
        """Begin an interval; what came before, such as a validation, is not counted."""
        self._began_s, self._data_s = time.perf_counter(), 0.0
        self._began = self._mark() if self._cuda else None
        self._batches: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Around the making of a batch."""
        if self._cuda:
            before = self._mark()
            yield
            self._batches.append((before, self._mark()))
        else:
            began = time.perf_counter()
            yield
            self._data_s += time.perf_counter() - began

    def lap(self) -> Callable[[], Times]:
        """End an interval and begin the next.

        Returns:
            Tells the times of the one that ended; call it when the device has done its steps.
        """
        began, batches = self._began, self._batches
        if began is None:
            times = Times(time.perf_counter() - self._began_s, self._data_s)
            self.start()
            return lambda: times
        self.start()
        ended = self._began or began
        return lambda: Times(_between(began, ended), sum(_between(*batch) for batch in batches))

    def _mark(self) -> torch.cuda.Event:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event


def _between(before: torch.cuda.Event, behind: torch.cuda.Event) -> float:
    """Seconds that the stream took from one event to another, both of which it is about to have passed."""
    behind.synchronize()
    return before.elapsed_time(behind) / 1000  # ms
