"""Long actions of pages: how far they are, and how long they still take."""

from __future__ import annotations

import pytest

from rsdash.ui.tasks import Progress


class Clock:
    """Stands in for the monotonic clock of the tasks."""

    now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("rsdash.ui.tasks.time", clock)
    return clock


def test_the_remaining_time_of_a_second_phase_is_told_by_its_own_pace(clock: Clock) -> None:
    progress = Progress("Sweeping").after(0, 60, "")
    clock.now_s += 600.0
    progress = progress.after(60, 60, "").after(0, 85, "")
    assert progress.remaining_s is None
    clock.now_s += 10.0
    progress = progress.after(5, 85, "")
    assert progress.remaining_s == pytest.approx(160.0)


@pytest.mark.parametrize("first", [(100, 100), (40, 100)])
def test_a_count_that_begins_again_has_a_clock_of_its_own(clock: Clock, first: tuple[int, int]) -> None:
    progress = Progress("Reading").after(*first, "")
    clock.now_s += 600.0
    progress = progress.after(0, 100, "")
    clock.now_s += 1.0
    assert progress.after(10, 100, "").remaining_s == pytest.approx(9.0)


def test_what_was_there_before_does_not_count_as_fast(clock: Clock) -> None:
    progress = Progress("Downloading").after(900, 1_000, "")  # goes on from 900
    assert progress.remaining_s is None
    clock.now_s += 10.0
    assert progress.after(950, 1_000, "").remaining_s == pytest.approx(10.0)


def test_without_a_total_no_time_is_told(clock: Clock) -> None:
    progress = Progress("Starting")
    assert (progress.share, progress.remaining_s) == (0.0, None)
    clock.now_s += 5.0
    assert progress.after(0, 0, "").remaining_s is None
