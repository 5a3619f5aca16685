"""The Run page's evaluations on other images: what is stored is shown, and what is asked is handed on."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import add_dataset
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.errors import ServiceError
from rsdash.evaluation.saved import Evaluation
from rsdash.inference import client
from rsdash.inference.results import EvaluationResult
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import Subject, further_path, read_further, write_further
from rsdash.runs.states import RunState
from rsdash.ui.tasks import Report
from tests.app.opening import open_page
from tests.tiny import CLASSES, make_run, wait_for


@pytest.fixture
def run(runs_dir: Path, tiles_dir: Path) -> RunFolder:
    """A finished run on other images than the data set `tiles`, which has a split `mine`."""
    add_splits(add_dataset(tiles_dir), SplitRequest(name="mine"))
    folder = make_run(runs_dir, name="old", state=RunState.FINISHED)
    folder.weights_path.write_bytes(b"weights")
    return folder


def store(folder: RunFolder, split: str, *, right: int = 30, notes: tuple[str, ...] = ()) -> EvaluationResult:
    """Store answers to 40 images, so many of them right."""
    labels = np.zeros(40, dtype=np.int64)
    given = np.where(np.arange(40) < right, 0, 1)
    logits = np.eye(3, dtype=np.float32)[given]
    evaluation = Evaluation(logits, labels, np.arange(40), np.full(40, "held-out"), CLASSES)
    path = further_path(folder, "tiles", split)
    write_further(path, evaluation, Subject("tiles", split, "f" * 32, notes))
    return EvaluationResult.of(read_further(path))


def opened(folder: RunFolder) -> AppTest:
    app = open_page("run", run=folder.id)
    app.session_state["open-evaluate"] = True  # opened, which no test without a browser can do
    app.run()
    assert not app.exception
    return app


def test_what_is_stored_is_shown_with_its_role_and_notes(run: RunFolder) -> None:
    store(run, "mine")
    store(run, "", right=20, notes=("3 images that old trained on are left out.",))
    (run.path / "evaluation-tiles-torn.npz").write_bytes(b"torn")
    app = opened(run)
    table = next(frame.value for frame in app.dataframe if "Images of" in frame.value)
    assert table["Images of"].tolist() == ["All images", "mine"]
    assert [text.split(" ")[0] for text in table["Accuracy"]] == ["0.50", "0.75"]
    assert table["Images"].tolist() == [40, 40] and set(table["Role"]) == {"held-out"}
    assert any("3 images that old trained on" in caption.value for caption in app.caption)
    assert any("damaged" in warning.value for warning in app.warning)


def test_a_split_is_asked_for_and_its_result_appears(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def evaluate(path: Path, data: str, split: str, report: Report) -> EvaluationResult:
        report(40, 40)
        asked.append((path, data, split))
        return store(run, split)

    monkeypatch.setattr(client, "evaluate", evaluate)
    app = opened(run)
    app.selectbox(key=f"evaluate-split-{run.id}-tiles").set_value("mine").run()
    app.button(key="start-evaluate").click().run()
    wait_for(lambda: bool(asked), "the task")
    task = shared.server().tasks.get(f"evaluate {run.id}")
    wait_for(lambda: task is None or task.finished, "its end")
    app.run()
    assert asked == [(run.path, "tiles", "mine")]
    assert app.button(key="start-evaluate").label == "Evaluate"
    assert "0.75" in next(frame.value for frame in app.dataframe if "Images of" in frame.value)["Accuracy"][0]


def test_every_session_that_watched_is_told_the_result(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def evaluate(path: Path, data: str, split: str, report: Report) -> EvaluationResult:
        assert go_on.wait(60)
        return store(run, split)

    monkeypatch.setattr(client, "evaluate", evaluate)
    first, second = opened(run), opened(run)
    first.button(key="start-evaluate").click().run()
    second.run()
    go_on.set()
    wait_for(lambda: not shared.server().tasks.under_way("evaluate"), "its end")
    for app in (first, second):
        app.run()
        assert [toast.value for toast in app.toast] == [r"old on tiles\: accuracy 0\.7500"]
    first.run()
    assert not first.toast


def test_a_refusal_is_said_on_the_page(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> EvaluationResult:
        raise ServiceError("The model does not know the class 'Glacier' of tiles; it knows Forest.")

    monkeypatch.setattr(client, "evaluate", refuse)
    app = opened(run)
    app.button(key="start-evaluate").click().run()
    task = shared.server().tasks.get(f"evaluate {run.id}")
    wait_for(lambda: task is None or task.finished, "its end")
    app.run()
    assert any("Glacier" in error.value for error in app.error)


def test_runs_without_weights_offer_nothing(runs_dir: Path) -> None:
    for state in (RunState.RUNNING, RunState.FINISHED):
        app = open_page("run", run=make_run(runs_dir, state=state).id)
        assert not [box for box in app.expander if box.label.startswith("Evaluate")]
