"""A checkpoint is begun early enough to be on disk before too much would be lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rsdash.training.save_clock import APART_S, SaveClock


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock to so many seconds."""
    now = [0.0]
    monkeypatch.setattr("rsdash.training.save_clock.time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def test_what_the_last_checkpoint_took_is_taken_off_the_time_to_the_next(at) -> None:
    clock = SaveClock(300.0, lambda: 9.0)
    at(290.0)
    assert not clock.due()
    at(291.5)
    assert clock.due()
    clock.reset()
    assert not clock.due()


def test_on_a_disk_that_is_slower_than_the_limit_not_every_step_is_saved(at) -> None:
    clock = SaveClock(300.0, lambda: 1_000.0)
    at(149.0)
    assert not clock.due()
    at(151.0)
    assert clock.due()


def test_it_is_due_before_measuring_where_that_would_take_too_long(at) -> None:
    clock = SaveClock(300.0, lambda: 0.0)
    with clock.measuring():
        at(100.0)
    clock.reset()
    at(100.0 + APART_S + 1)
    assert not clock.due_before_measuring()
    at(301.0)
    assert clock.due_before_measuring() and not clock.due()
