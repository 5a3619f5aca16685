"""The order of the waiting runs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.jobs.queue import move_in_queue, waiting_runs
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.states import RunState
from tests.tiny import make_run


def waiting(runs_dir: Path) -> list[RunEntry]:
    return waiting_runs(RunIndex(runs_dir).refresh().entries)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    made = []
    for position in (3.0, 1.0, 2.0):
        folder = make_run(tmp_path)
        folder.write_about(name=f"run{position:.0f}", queue_position=position)
        made.append(folder.about().name)
    make_run(tmp_path, state=RunState.FINISHED)
    return made


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("run3", 0, ["run3", "run1", "run2"]),
        ("run3", 1, ["run1", "run3", "run2"]),
        ("run1", 2, ["run2", "run3", "run1"]),
        ("run1", 99, ["run2", "run3", "run1"]),
        ("run2", -5, ["run2", "run1", "run3"]),
        ("run2", 1, ["run1", "run2", "run3"]),
    ],
)
def test_a_run_moves_to_the_place_it_is_given(
    tmp_path: Path, names: list[str], name: str, place: int, expected: list[str]
) -> None:
    queue = waiting(tmp_path)
    assert [entry.name for entry in queue] == sorted(names)
    move_in_queue(queue, next(entry for entry in queue if entry.name == name), place)
    assert [entry.name for entry in waiting(tmp_path)] == expected


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("close", [1.0, math.nextafter(1.0, 2.0)])
def test_a_run_comes_between_two_between_whose_positions_no_number_lies(
    tmp_path: Path, close: float, place: int
) -> None:
    for position in (1.0, close, close, 9.0):
        make_run(tmp_path).write_about(queue_position=position)
    queue = waiting(tmp_path)
    *others, last = [entry.id for entry in queue]
    move_in_queue(queue, queue[-1], place)
    assert [entry.id for entry in waiting(tmp_path)] == [*others[:place], last, *others[place:]]


def test_a_run_that_does_not_wait_has_no_place(tmp_path: Path, names: list[str]) -> None:
    done = next(e for e in RunIndex(tmp_path).refresh().entries if e.state.state is RunState.FINISHED)
    with pytest.raises(RunError, match="finished and has no place"):
        move_in_queue(waiting(tmp_path), done, 0)
    assert len(names) == 3
