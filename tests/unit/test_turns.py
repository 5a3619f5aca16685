"""Processes that take turns never work at the same time, and none is left behind."""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from benchmarks.turns import Span, overlap, take_turns

TICKS = """
import sys, time
with open(sys.argv[1], "a") as log:
    for _ in range(int(sys.argv[2])):
        print(time.time(), file=log, flush=True)
        time.sleep(0.01)
sys.exit(int(sys.argv[3]))
"""


class Clock:
    """A process that writes down the time every 10 ms."""

    def __init__(self, log: Path, ticks: int, code: int = 0) -> None:
        self.log, self.began = log, time.time()
        self.process = subprocess.Popen([sys.executable, "-c", TICKS, log, str(ticks), str(code)])
        self.pid = self.process.pid

    def ended(self, within_s: float) -> bool:
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def span(self) -> Span:
        if self.process.returncode:
            raise RuntimeError("It broke off.")
        times = self.times()
        return Span(times[0], times[-1])

    def times(self) -> list[float]:
        return [float(line) for line in self.log.read_text().split()]


def test_one_works_at_a_time_and_its_own_time_is_counted(tmp_path: Path) -> None:
    clocks: dict[str, Clock] = {}

    def start(name: str) -> Clock:
        clocks[name] = Clock(tmp_path / name, ticks=100)
        return clocks[name]

    worked = take_turns({"a": lambda: start("a"), "b": lambda: start("b")}, turn_s=0.2)

    ticks = sorted((at, name) for name, clock in clocks.items() for at in clock.times())
    changes = sum(one[1] != other[1] for one, other in pairwise(ticks))
    assert len(ticks) == 200
    assert 4 <= changes <= 60, "whole turns, not tick by tick"
    for name, clock in clocks.items():
        span = clock.span()
        assert 0.9 <= worked[name] <= span.ended - span.began - 0.3, "the other's turns are not counted"


def test_where_one_breaks_off_the_others_are_ended(tmp_path: Path) -> None:
    long = Clock(tmp_path / "long", ticks=10_000)
    with pytest.raises(RuntimeError, match="broke off"):
        take_turns({"long": lambda: long, "bad": lambda: Clock(tmp_path / "bad", 1, code=3)}, turn_s=0.2)
    assert gone(long)


def test_where_one_cannot_be_started_the_others_are_ended(tmp_path: Path) -> None:
    long = Clock(tmp_path / "long", ticks=10_000)

    def refuse() -> Clock:
        raise OSError("no such program")

    with pytest.raises(OSError, match="no such program"):
        take_turns({"long": lambda: long, "bad": refuse}, turn_s=0.2)
    assert gone(long)


def test_only_what_lies_within_the_turns_counts() -> None:
    assert overlap(Span(1.5, 6.0), [Span(0, 2), Span(3, 4), Span(5.5, 9)]) == pytest.approx(0.5 + 1 + 0.5)


def gone(clock: Clock) -> bool:
    """Whether a process has ended, in ten seconds at most."""
    clock.process.wait(10)
    return not psutil.pid_exists(clock.pid)
