"""Long work in a thread: told while it is silent too, ended where nobody listens, and its errors arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import pytest

from rsdash.errors import DataError
from rsdash.inference.results import Step
from rsdash.inference.telling import told

Tell = Callable[[Step], None]
WAIT_S = 60.0


def steps(count: int) -> Step:
    return Step(done=count, total=9)


def result_of(work: Generator[Step, None, str]) -> tuple[list[Step], str]:
    """All that is yielded, and what is returned."""
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as end:
            return said, end.value


def test_silent_work_is_told_again_and_again() -> None:
    go_on, began = threading.Event(), threading.Event()

    def work(tell: Tell) -> str:
        tell(steps(3))
        began.set()
        assert go_on.wait(WAIT_S)
        return "done"

    saying = told(work, steps(0))
    assert next(saying) in (steps(0), steps(3))
    assert began.wait(WAIT_S)
    assert [next(saying) for _ in range(3)] == [steps(3)] * 3
    go_on.set()
    assert result_of(saying)[1] == "done"


def test_where_nobody_listens_any_more_the_next_step_ends_the_work() -> None:
    reached: list[int] = []

    def work(tell: Tell) -> str:
        for count in range(1_000_000):
            tell(steps(count))
            reached.append(count)
        return "done"

    saying = told(work, steps(0))
    next(saying)
    saying.close()
    count = len(reached)
    assert count < 1_000_000
    assert len(reached) == count, "its end was waited for"


def test_what_the_work_raises_is_raised() -> None:
    def work(tell: Tell) -> str:
        raise DataError("The scene is damaged.")

    with pytest.raises(DataError, match="damaged"):
        list(told(work, steps(0)))
