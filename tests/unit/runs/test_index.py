"""The list of runs: newest first, fresh after each change, and nothing passed over in silence."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rsdash.errors import RunNotFoundError
from rsdash.runs.folder import remove_run
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.tiny import make_run, wait_for


@pytest.fixture
def strangers_dir() -> Iterator[Path]:
    """A folder that every user may read; temporary folders of a test are its owner's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.iterdir():
        path.chmod(0o700)
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Have the administrator, who may read everything, be somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_copy_of_an_example_is_a_run_of_ones_own(tmp_path: Path) -> None:
    example = make_run(tmp_path / "examples")
    shutil.copytree(example.path, tmp_path / "runs" / example.id)
    (entry,) = RunIndex(tmp_path / "runs", tmp_path / "examples").refresh().entries
    assert not entry.example and entry.folder.path.parent.name == "runs"


def test_runs_come_newest_first_and_examples_last(tmp_path: Path) -> None:
    old = make_run(tmp_path / "runs")
    before = time.time()
    wait_for(lambda: time.time() > before, "the clock to move")
    new = make_run(tmp_path / "runs")
    example = make_run(tmp_path / "examples")
    listing = RunIndex(tmp_path / "runs", tmp_path / "examples").refresh()
    assert [entry.id for entry in listing.entries] == [new.id, old.id, example.id]
    assert [entry.example for entry in listing.entries] == [False, False, True]


def test_a_refresh_shows_new_states_names_and_removals(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    folder = make_run(tmp_path, name="before")
    assert index.refresh().entries[0].name == "before"
    folder.write_about(name="after")
    folder.write_state(state=RunState.STARTING)
    entry = index.refresh().entries[0]
    assert (entry.name, entry.state.state) == ("after", RunState.STARTING)
    remove_run(folder)
    assert index.refresh().entries == ()
    assert index.listing.problems == ()


def test_a_state_replaced_within_one_tick_of_the_clock_still_shows(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    folder = make_run(tmp_path)
    index.refresh()
    stamp = folder.state_path.stat().st_mtime_ns
    folder.write_state(state=RunState.STARTING)
    os.utime(folder.state_path, ns=(stamp, stamp))
    assert index.refresh().entries[0].state.state is RunState.STARTING


def test_an_unchanged_run_is_not_read_again(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    make_run(tmp_path)
    assert index.refresh().entries[0] is index.refresh().entries[0]


def test_a_run_is_found_by_id_or_unique_name(tmp_path: Path) -> None:
    first, twin = make_run(tmp_path, name="twin"), make_run(tmp_path, name="twin")
    only = make_run(tmp_path, name="only")
    listing = RunIndex(tmp_path).refresh()
    assert listing.find(only.id).id == listing.find("only").id == only.id
    with pytest.raises(RunNotFoundError, match=r"2 runs are named 'twin'; use an id") as caught:
        listing.find("twin")
    assert first.id in str(caught.value) and twin.id in str(caught.value)
    with pytest.raises(RunNotFoundError, match="There is no run 'none'"):
        listing.find("none")


@pytest.mark.parametrize("file", ["state.json", "config.json", "about.json"])
@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_damaged_folder_is_listed_as_a_problem_beside_the_others(
    tmp_path: Path, file: str, damage: str
) -> None:
    broken, sound = make_run(tmp_path), make_run(tmp_path)
    if damage == "missing":
        (broken.path / file).unlink()
    else:
        (broken.path / file).write_bytes(b"")
    listing = RunIndex(tmp_path).refresh()
    assert [entry.id for entry in listing.entries] == [sound.id]
    [(run_id, problem)] = listing.problems
    assert run_id == broken.id and file in problem


def test_other_files_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / ".gitkeep").touch()
    listing = RunIndex(tmp_path).refresh()
    assert (listing.entries, listing.problems) == ((), ())


def test_a_missing_runs_folder_is_empty(tmp_path: Path) -> None:
    assert RunIndex(tmp_path / "none").refresh().entries == ()


@pytest.mark.parametrize(
    ("validation", "report", "role"),
    [(0, "last", "held-out"), (5, "last", "validation"), (5, "best", "validation, used to choose")],
)
def test_the_curve_has_the_role_of_the_images_watched(
    tmp_path: Path, validation: int, report: str, role: str
) -> None:
    make_run(tmp_path, state=RunState.FINISHED, validation_share=0.25, report=report)
    entry = RunIndex(tmp_path).refresh().entries[0]
    data = entry.request.data.model_copy(update={"counts": {"train": 9, "validation": validation, "test": 3}})
    watched = replace(entry, request=entry.request.model_copy(update={"data": data}))
    assert watched.watched_role == role


def test_a_folder_that_nobody_else_may_read_is_named_and_hides_no_other_run(strangers_dir: Path) -> None:
    closed, open_one = make_run(strangers_dir), make_run(strangers_dir)
    closed.path.chmod(0o000)
    with as_nobody():
        listing = RunIndex(strangers_dir).refresh()
    assert [entry.id for entry in listing.entries] == [open_one.id]
    [(problem, reason)] = listing.problems
    assert problem == closed.id and "belongs to another user" in reason
