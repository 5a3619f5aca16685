"""The list of waiting runs on the Overview page: every one of them is reached, moved and taken out."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsdash.jobs.queue import waiting_runs
from rsdash.runs.commands import read_commands
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.ui.queue_list import RUNS_PER_PAGE
from tests.app.opening import open_page, own_runs
from tests.tiny import make_run

WAITING = 2 * RUNS_PER_PAGE + 3


@pytest.fixture
def queued(runs_dir: Path) -> list[RunFolder]:
    """More runs than two pages hold, in their order."""
    folders = []
    for number in range(1, WAITING + 1):
        folders.append(make_run(runs_dir, name=f"run {number}"))
        folders[-1].write_about(queue_position=float(number))
    return folders


def order() -> list[str]:
    return [entry.id for entry in waiting_runs(own_runs())]


def listed(app: AppTest) -> list[str]:
    """Ids of the runs that can be moved to the front."""
    keys = [button.key or "" for button in app.button]
    return [key.removeprefix("first-") for key in keys if key.startswith("first-")]


def turned_to(page: int) -> AppTest:
    app = open_page("overview")
    app.pagination(key="queue-page").set_value(page).run()
    assert not app.exception
    return app


def test_every_waiting_run_is_on_one_page_or_another(queued: list[RunFolder]) -> None:
    pages = [listed(turned_to(page)) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [RUNS_PER_PAGE, RUNS_PER_PAGE, 3]
    assert [id_ for page in pages for id_ in page] == [folder.id for folder in queued]


def test_the_15th_run_is_moved_to_the_front_by_one_click(queued: list[RunFolder]) -> None:
    app, run = turned_to(2), queued[14]
    app.button(key=f"first-{run.id}").click().run()
    assert not app.exception
    assert order() == [run.id, *(folder.id for folder in queued if folder.id != run.id)]
    assert listed(app)[0] == queued[9].id  # still the second page
    app.pagination(key="queue-page").set_value(1).run()
    assert listed(app)[0] == run.id and app.button(key=f"first-{run.id}").disabled


def test_the_15th_run_is_cancelled(queued: list[RunFolder]) -> None:
    app, run = turned_to(2), queued[14]
    app.button(key=f"out-{run.id}").click().run()
    assert not app.exception
    asked = {folder.id: read_commands(folder.commands_path, 0) for folder in queued}
    assert [(id_, [one.action.value for one in asked[id_]]) for id_ in asked if asked[id_]] == [
        (run.id, ["cancel"])
    ]


@pytest.mark.parametrize(("button", "number", "place"), [("up", 11, 9), ("down", 10, 10)])
def test_runs_move_from_one_page_to_the_next(
    queued: list[RunFolder], button: str, number: int, place: int
) -> None:
    app, run = turned_to(-(-number // RUNS_PER_PAGE)), queued[number - 1]
    app.button(key=f"{button}-{run.id}").click().run()
    assert order().index(run.id) == place
    assert run.id not in listed(app)


def test_where_the_last_page_is_gone_the_one_before_is_shown(queued: list[RunFolder]) -> None:
    app = turned_to(3)
    for folder in queued[2 * RUNS_PER_PAGE :]:
        folder.write_state(state=RunState.CANCELLED)
    app.run()
    assert not app.exception
    assert listed(app) == [folder.id for folder in queued[RUNS_PER_PAGE : 2 * RUNS_PER_PAGE]]
    for folder in queued[RUNS_PER_PAGE:-3]:
        folder.write_state(state=RunState.CANCELLED)
    app.run()
    assert not app.pagination
    assert listed(app) == [folder.id for folder in queued[:RUNS_PER_PAGE]]


def test_a_click_on_a_run_that_has_started_meanwhile_says_so(queued: list[RunFolder]) -> None:
    app, run = open_page("overview"), queued[4]
    run.write_state(state=RunState.STARTING)
    app.button(key=f"first-{run.id}").click().run()
    assert not app.exception
    [toast] = app.toast
    assert "run 5 is starting and has no place in the queue" in toast.value
    assert run.id not in listed(app) and order()[0] == queued[0].id
