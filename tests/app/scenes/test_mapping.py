"""Mapping on the Scenes page: what is asked, how far it is, where the map is shown, and what goes wrong."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.errors import DataError
from rsdash.inference.scenes import client
from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.ui.scenes import job
from rsdash.ui.tasks import Report
from tests.app.opening import open_page
from tests.app.scenes.form import choose, keys
from tests.maps import make_map
from tests.tiny import wait_for

NEW = "20260102-120000-00000000"


def press_start(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Map the scene").click().run()
    assert not app.exception


def test_a_mapped_scene_is_shown_at_once(run, scene, maps, monkeypatch) -> None:
    asked: list[tuple[Path, Path, MapRule]] = []

    def map_scene(run_path: Path, path: Path, rule: MapRule, report: object) -> MapRecord:
        asked.append((run_path, path, rule))
        return make_map(maps, id=NEW)

    monkeypatch.setattr(client, "map_scene", map_scene)
    app = choose(open_page("scenes"), scene)
    app.select_slider(key="map-stride").set_value(0.25).run()
    press_start(app)
    task = shared.server().tasks.get("map-scene")
    wait_for(lambda: task is None or task.finished, "the map")
    app.run()
    assert not app.exception and NEW in app.query_params["map"]
    ((path, place, rule),) = asked
    assert (path, place) == (run.path, scene)
    assert (rule.tile_m, rule.stride, rule.blend, rule.windows) == (640.0, 0.25, True, "metres")


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_mapped_scene_is_shown_only_where_it_was_begun(run, scene, maps, monkeypatch, reloaded) -> None:
    done = threading.Event()

    def map_scene(*arguments: object) -> MapRecord:
        assert done.wait(60)
        return make_map(maps, id=NEW)

    monkeypatch.setattr(client, "map_scene", map_scene)
    app, other = choose(open_page("scenes"), scene), choose(open_page("scenes"), scene)
    press_start(app)
    other.run()
    assert "stop-map-scene" in keys(other, "button")
    if reloaded:
        app = open_page("scenes", **app.query_params)
    done.set()
    task = shared.server().tasks.get("map-scene")
    wait_for(lambda: task is None or task.finished, "the map")
    for _ in range(2):
        other.run()
        assert not other.exception and "map" not in other.query_params
    assert any("Scene" in table.value for table in other.dataframe), "it is in the list"
    assert "start-map-scene" in keys(other, "button")
    app.run()
    assert NEW in app.query_params["map"] and "mapping" not in app.query_params


def test_what_is_done_after_the_windows_is_said_and_can_be_stopped(run, scene, monkeypatch) -> None:
    go_on = threading.Event()

    def map_scene(run_path: Path, path: Path, rule: MapRule, report: Report) -> MapRecord:
        report(25, 25, "drawing polygons, 2,000 of 9,000")
        assert go_on.wait(60)
        report(25, 25, "drawing polygons, 4,000 of 9,000")
        raise AssertionError("it was to be stopped")

    monkeypatch.setattr(client, "map_scene", map_scene)
    app = choose(open_page("scenes"), scene)
    press_start(app)
    task = shared.server().tasks.get("map-scene")
    assert task
    wait_for(lambda: bool(task.progress.words), "the first report")
    app.run()
    (progress,) = app.get("progress")
    assert progress.proto.text.endswith("drawing polygons, 2,000 of 9,000")
    app.button(key="stop-map-scene").click().run()
    go_on.set()
    wait_for(lambda: task.finished, "its end")
    app.run()
    assert any("stopped" in info.value for info in app.info) and not app.exception


def told_as_lost(app: AppTest) -> bool:
    assert not app.exception
    return any("The server was started anew since a map was begun here" in info.value for info in app.info)


def test_a_map_that_the_server_did_not_outlive_is_said_to_be_lost(run, scene, monkeypatch) -> None:
    go_on = threading.Event()

    def map_scene(*arguments: object) -> MapRecord:
        assert go_on.wait(60)
        raise DataError("The service broke off.")

    monkeypatch.setattr(client, "map_scene", map_scene)
    app = choose(open_page("scenes"), scene)
    press_start(app)
    address = {name: app.query_params[name] for name in app.query_params}
    assert not told_as_lost(open_page("scenes", **address)), "it is under way"
    before = shared.server().tasks.get("map-scene")
    monkeypatch.setattr(shared, "_server", None)
    monkeypatch.setattr(job, "_wishes", {})
    again = open_page("scenes", **address)
    assert told_as_lost(again) and "mapping" not in again.query_params
    assert again.expander[0].proto.expanded, "the form stands open"
    assert told_as_lost(choose(again, scene)), "it is said until a map is begun"
    press_start(again)
    assert not told_as_lost(again)
    go_on.set()
    tasks = before, shared.server().tasks.get("map-scene")
    wait_for(lambda: all(task is None or task.finished for task in tasks), "their ends")


def test_a_map_that_cannot_be_made_is_one_sentence_and_none_that_was_lost(run, scene, monkeypatch) -> None:
    def refuse(*arguments: object) -> MapRecord:
        raise DataError("scene.tif has pixels of 300 m.")

    monkeypatch.setattr(client, "map_scene", refuse)
    app = choose(open_page("scenes"), scene)
    press_start(app)
    task = shared.server().tasks.get("map-scene")
    wait_for(lambda: task is None or task.finished, "its end")
    app.run()
    assert "mapping" not in app.query_params and not told_as_lost(app)
    assert any("pixels of 300 m" in error.value for error in app.error)
