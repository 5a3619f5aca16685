"""Processes that share a machine in short turns: while one of them works, the others are suspended.

A machine whose speed drifts from minute to minute, as most do that share a host with others, is so the same
machine to all of them, which a round of one after the other is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol

import psutil


class Span(NamedTuple):
    """What is timed of a process, in seconds since 1970; its suspensions are taken out."""

    began: float
    ended: float


class Entrant(Protocol):
    """A process that takes turns."""

    @property
    def pid(self) -> int:
        """Of the process; its children are suspended with it."""
        ...

    def ended(self, within_s: float) -> bool:
        """Wait for its end, at most so long; whether it came."""
        ...

    def span(self) -> Span:
        """What is timed, once it has ended.

        Raises:
            RuntimeError: it broke off.
        """
        ...


def take_turns(starts: Mapping[str, Callable[[], Entrant]], turn_s: float) -> dict[str, float]:
    """Seconds that each worked within its span.

    Args:
        starts: what starts each of them; none is left alive, whatever happens.
        turn_s: seconds of a turn.

    Raises:
        RuntimeError: one broke off.
    """
    worked: dict[str, list[Span]] = {name: [] for name in starts}
    spans: dict[str, Span] = {}
    waiting: dict[str, Entrant] = {}
    try:
        for name, start in starts.items():
            waiting[name] = start()
            _suspend(waiting[name].pid)
        while waiting:
            for name, entrant in list(waiting.items()):
                began = time.time()
                _resume(entrant.pid)
                if entrant.ended(turn_s):
                    del waiting[name]
                    spans[name] = entrant.span()
                else:
                    _suspend(entrant.pid)
                worked[name].append(Span(began, time.time()))
        return {name: overlap(spans[name], turns) for name, turns in worked.items()}
    finally:
        for entrant in waiting.values():
            for process in reversed(_family(entrant.pid)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def overlap(span: Span, turns: Iterable[Span]) -> float:
    """Seconds of `span` that lie within some turns."""
    return sum(max(0.0, min(span.ended, turn.ended) - max(span.began, turn.began)) for turn in turns)


def _suspend(pid: int) -> None:
    psutil.Process(pid).suspend()  # first, so that it starts no further children
    for process in _family(pid)[1:]:
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            process.suspend()


def _resume(pid: int) -> None:
    for process in reversed(_family(pid)):
        process.resume()


def _family(pid: int) -> list[psutil.Process]:
    """A process and all below it; the parents come first."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
