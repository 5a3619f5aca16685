"""Predictions that are stopped, or that a model breaks off: what there is is shown and taken along."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import rsdash.ui.server as shared
from rsdash.errors import ServiceError
from rsdash.inference import client
from rsdash.inference.results import PredictedPart, PredictedPlace
from rsdash.runs.states import RunState
from rsdash.ui.predict import job as jobs
from rsdash.ui.predict.results_view import as_csv, as_json
from rsdash.ui.tasks import TaskStoppedError
from tests.app.opening import open_page
from tests.app.predict.asking import answer, drop, folder_of_tiles, predict_path, the_job, tile
from tests.tiny import make_run, wait_for


@pytest.mark.parametrize("short", [0, 1])
def test_files_to_take_along_are_whole_where_one_model_came_further(
    run, runs_dir, asked, tmp_path, monkeypatch, short: int
) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    answering, models = client.predict_place, (run.id, other.id)

    def breaks_off(
        path: Path, place: Path, take: Callable[[PredictedPart], None], **named: object
    ) -> PredictedPlace:
        def take_some(part: PredictedPart) -> None:
            if path.name == models[short] and part.done > 12:
                raise ServiceError("The inference service broke off.")
            take(part)

        return answering(path, place, take_some, **named)  # pyright: ignore[reportArgumentType]  # handed on

    monkeypatch.setattr(client, "predict_place", breaks_off)
    app = predict_path(open_page("predict", run=run.id, beside=other.id), folder_of_tiles(tmp_path / "set"))
    job = the_job(app)
    for place, run_id in enumerate(models):
        count = 12 if place == short else 25
        rows = list(csv.DictReader(io.StringIO(as_csv(job, run_id).decode())))
        parsed = json.loads(as_json(job, run_id))
        folders = [Path(row["file"]).parent.name for row in rows]
        assert len(rows) == count and [row["true_class"] for row in rows] == folders
        assert [row["true_class"] for row in parsed] == folders


@pytest.mark.parametrize("failing", [0, 1])
def test_one_model_that_fails_does_not_take_the_other_along(
    run, runs_dir, asked, monkeypatch, failing: int
) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    answering, models = client.predict_place, (run.id, other.id)

    def refuse(path: Path, *arguments: object, **named: object) -> PredictedPlace:
        if path.name == models[failing]:
            raise ServiceError("It has no weights yet.")
        return answering(path, *arguments, **named)  # pyright: ignore[reportArgumentType]  # handed on

    monkeypatch.setattr(client, "predict_place", refuse)
    app = drop(open_page("predict", run=run.id, beside=other.id), ("a.png", tile()), ("b.png", tile()))
    assert any("no weights yet" in error.value.replace("\\", "") for error in app.error)
    assert len(app.get("plotly_chart")) == 1 and app.dataframe[0].value["File"].tolist() == ["b.png", "a.png"]
    assert [button.proto.label for button in app.get("download_button")] == ["CSV of 1", "JSON of 1"]
    monkeypatch.setattr(client, "predict_place", answering)
    app.button(key="again").click().run()
    assert len(app.get("plotly_chart")) == 2 and not app.error
    assert not [button for button in app.button if button.key == "again"]


def test_stopped_it_shows_what_it_has(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE_S", 0.0)

    def slow(run: Path, place: Path, take: Callable[[PredictedPart], None], **_: object) -> PredictedPlace:
        take(PredictedPart(done=1, total=25, found=(answer("Forest/0.png"),)))
        task = shared.server().tasks.get(app.session_state["predicting"])
        wait_for(lambda: task is not None and task.stopped, "the stop")
        take(PredictedPart(done=2, total=25, found=(answer("Forest/1.png"),)))
        raise AssertionError("it went on")

    monkeypatch.setattr(client, "predict_place", slow)
    app = open_page("predict")
    predict_path(app, folder_of_tiles(tmp_path / "set"))
    assert app.selectbox(key="predictor").value == run.id  # usable meanwhile
    task = shared.server().tasks.get(app.session_state["predicting"])
    wait_for(lambda: task is None or task.finished or task.progress.done == 1, "the first image")
    app.button(key="stop-predict").click().run()
    wait_for(lambda: task is None or task.finished, "its end")
    app.run()
    assert any("Stopped after 2 of 25 images" in info.value for info in app.info)


def test_what_another_session_waits_for_goes_on(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE_S", 0.0)
    go_on = threading.Event()

    def slow(run: Path, place: Path, take: Callable[[PredictedPart], None], **_: object) -> PredictedPlace:
        assert go_on.wait(60)
        take(PredictedPart(done=1, total=25, found=(answer("Forest/0.png"),)))
        return PredictedPlace(images=25, refused=0)

    monkeypatch.setattr(client, "predict_place", slow)
    one, two, three = (folder_of_tiles(tmp_path / name, per_class=1) for name in ("one", "two", "three"))
    mine = predict_path(open_page("predict"), one)
    tasks = shared.server().tasks
    task = tasks.get(mine.session_state["predicting"])
    theirs = open_page("predict")
    theirs.segmented_control(key="images-from").set_value("On this machine").run()
    theirs.text_input(key="image-path").set_value(str(one)).run()
    assert task and theirs.button(key="predict").disabled and theirs.button(key="stop-predict")
    predict_path(mine, two)
    assert not task.stopped
    predict_path(theirs, three)
    assert task.stopped, "nobody waits for it any more"
    go_on.set()
    wait_for(lambda: not tasks.under_way("predict"), "the ends")


def test_stopped_before_the_second_model_only_the_first_can_be_taken_along(
    run, runs_dir, asked, monkeypatch
) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    answering = client.predict_place

    def stopped(
        path: Path, place: Path, take: Callable[[PredictedPart], None], *, top: int, symmetries: bool
    ) -> PredictedPlace:
        answering(path, place, take, top=top, symmetries=symmetries)
        raise TaskStoppedError("stopped.")

    monkeypatch.setattr(client, "predict_place", stopped)
    app = drop(open_page("predict", run=run.id, beside=other.id), ("a.png", tile()), ("b.png", tile()))
    offered = [button.proto.label for button in app.get("download_button")]
    assert offered == ["CSV of 1", "JSON of 1"]
    assert any("it was stopped before" in caption.value for caption in app.caption)
