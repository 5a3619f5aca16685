"""Reading a data set from the Data page: one at a time, and who is told how it ended."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import Dataset, add_dataset, list_datasets
from rsdash.ui.data import actions, sources, task
from rsdash.ui.long_action import Awaited, outcome
from tests.app.opening import open_page
from tests.tiny import make_tiles, wait_for


@pytest.fixture
def tiles(tmp_path: Path) -> Dataset:
    return add_dataset(make_tiles(tmp_path / "tiles"))


def task_done(app: AppTest) -> AppTest:
    wait_for(lambda: not shared.server().tasks.under_way("data"), "the task")
    return app.run()


def test_a_second_set_waits_for_the_first_and_says_so(tmp_path, tiles):
    go_on = threading.Event()

    def read_first(_) -> tuple[Dataset, str]:
        assert go_on.wait(60)
        return tiles, task.ADDED

    shared.server().tasks.start("data", "Reading another", read_first)
    app = open_page("data")
    app.text_input("data-path").set_value(str(make_tiles(tmp_path / "more"))).run()
    app.button("add-path").click().run()
    assert "Another data set is being read" in app.warning[0].value
    go_on.set()
    assert messages(task_done(app)) == ["Added tiles: 60 images of 3 classes."]
    assert [info.name for info in list_datasets()] == ["tiles"]


def messages(app: AppTest) -> list[str]:
    assert not app.exception
    return [box.value for box in (*app.success, *app.info, *app.error) if "No data set yet" not in box.value]


def test_who_watched_a_data_set_being_added_is_told_once_and_only_who_began_it_is_shown_it(
    tmp_path, tiles, monkeypatch
):
    go_on = threading.Event()
    slow = add_dataset

    def add(*arguments, **settings) -> Dataset:
        assert go_on.wait(60)
        return slow(*arguments, **settings)

    monkeypatch.setattr(sources, "add_dataset", add)
    own, watcher, other = open_page("data"), open_page("data"), open_page("data")
    own.text_input("data-path").set_value(str(make_tiles(tmp_path / "more"))).run()
    own.button("add-path").click().run()
    watcher.run()
    assert watcher.button("stop-data")
    go_on.set()
    wait_for(lambda: not shared.server().tasks.under_way("data"), "the task")
    assert messages(other.run()) == []
    for app, shown in ((watcher, "tiles"), (own, "more")):
        assert messages(app.run()) == ["Added more: 60 images of 3 classes."]
        assert app.selectbox("shown-data").value == shown
        assert messages(app.run()) == []
    assert other.run().selectbox("shown-data").value == "tiles"


def test_what_ends_while_the_page_looks_at_it_is_told(tmp_path, tiles, monkeypatch):
    go_on = threading.Event()
    slow = add_dataset

    def add(*arguments, **settings) -> Dataset:
        assert go_on.wait(60)
        return slow(*arguments, **settings)

    def outcome_just_before_the_end(key: str) -> Awaited | None:
        found = outcome(key)
        go_on.set()
        wait_for(lambda: not shared.server().tasks.under_way("data"), "the task")
        return found

    monkeypatch.setattr(sources, "add_dataset", add)
    app = open_page("data")
    app.text_input("data-path").set_value(str(make_tiles(tmp_path / "more"))).run()
    app.button("add-path").click().run()
    monkeypatch.setattr(task, "outcome", outcome_just_before_the_end)
    assert messages(app.run()) == ["Added more: 60 images of 3 classes."]


def test_a_data_set_that_was_read_again_is_not_said_to_be_added(tiles, monkeypatch):
    go_on, scan_again = threading.Event(), actions.scan_again

    def scan(*given: Any) -> Any:
        assert go_on.wait(60)
        return scan_again(*given)

    monkeypatch.setattr(actions, "scan_again", scan)
    app = open_page("data", data="tiles")
    app.button("scan-again").click().run()
    go_on.set()
    assert messages(task_done(app)) == ["Read tiles again: 60 images of 3 classes."]


def test_reading_that_a_person_stopped_is_no_error(tmp_path, data_place, monkeypatch):
    go_on = threading.Event()

    def add(*_, on_progress, **__) -> Dataset:
        assert go_on.wait(60)
        on_progress(1, 2)
        raise AssertionError("it was to be stopped")

    monkeypatch.setattr(sources, "add_dataset", add)
    app = open_page("data")
    app.text_input("data-path").set_value(str(make_tiles(tmp_path / "tiles"))).run()
    app.button("add-path").click().run()
    app.button("stop-data").click().run()
    go_on.set()
    app = task_done(app)
    assert not app.error and "stopped" in app.info[0].value


def test_a_data_set_can_be_scanned_again_and_removed(tmp_path, tiles):
    (tmp_path / "tiles" / "Forest" / "00.png").unlink()
    app = open_page("data", data="tiles")
    app.button("scan-again").click().run()
    task_done(app)
    (info,) = list_datasets()
    assert info.counts["Forest"] == 19
    app = open_page("data", data="tiles")
    assert app.button("remove-data").disabled
    app.checkbox("sure-tiles").check().run()
    app.button("remove-data").click().run()
    assert list_datasets() == []
    assert (tmp_path / "tiles" / "Forest" / "01.png").is_file()
