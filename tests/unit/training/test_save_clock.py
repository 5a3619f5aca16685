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


@pytest.mark.parametrize(
    ("saving_s", "apart_s"),
    [(9.0, 291.0), (1_000.0, 150.0)],
    ids=["it has to be on disk in time", "not every step is saved on a slow disk"],
)
def test_what_the_last_checkpoint_took_is_taken_off_the_time_to_the_next(
    at, saving_s: float, apart_s: float
) -> None:
    clock = SaveClock(300.0, lambda: saving_s)
    at(apart_s - 1)
    assert not clock.due()
    at(apart_s + 1)
    assert clock.due()
    clock.reset()
    assert not clock.due()


def test_it_is_due_before_measuring_where_that_would_take_too_long(at) -> None:
    clock = SaveClock(300.0, lambda: 0.0)
    with clock.measuring():
        at(100.0)
    clock.reset()
    at(100.0 + APART_S + 1)
    assert not clock.due_before_measuring()
    at(301.0)
    assert clock.due_before_measuring() and not clock.due()
