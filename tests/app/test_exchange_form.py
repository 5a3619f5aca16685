"""The Run page takes a model along and takes one in: what is asked is handed on, what comes is offered."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.exchange_form as form
import rsdash.ui.server as shared
from rsdash.errors import RunError
from rsdash.exports.process import exports_dir
from rsdash.exports.stages import ExportResult, ImportResult
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.app.opening import open_page
from tests.tiny import make_run, wait_for


@pytest.fixture
def run(runs_dir: Path) -> RunFolder:
    folder = make_run(runs_dir, name="old", state=RunState.FINISHED)
    folder.weights_path.write_bytes(b"weights")
    return folder


def opened(folder: RunFolder, part: str) -> AppTest:
    app = open_page("run", run=folder.id)
    app.session_state[part] = True  # opened, which no test without a browser can do
    app.run()
    assert not app.exception
    return app


def uploader(app: AppTest):
    return app.file_uploader(key=f"zip-{app.session_state[form.TURN]}")


def ended() -> None:
    wait_for(lambda: not shared.server().tasks.under_way(), "the task's end")


def test_an_export_is_offered_for_download(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def export(folder: RunFolder, report) -> ExportResult:
        report(1, 7)
        exports_dir().mkdir(parents=True)
        path = exports_dir() / f"{folder.id}.zip"
        path.write_bytes(b"zip" * 1_000_000)
        return ExportResult(format="bundle", path=str(path), files=(), largest_difference=2e-6)

    monkeypatch.setattr(form, "export_for_download", export)
    app = opened(run, "open-export")
    assert not app.get("download_button")
    app.button(key="start-export").click().run()
    ended()
    app.run()
    assert any("to within 2.0e-06" in caption.value for caption in app.caption)
    assert [button.proto.label for button in app.get("download_button")] == ["Download (3.0 MB)"]
    run.weights_path.write_bytes(b"newer weights")
    app.run()
    assert not app.get("download_button"), "the zip holds older weights"


def test_an_import_hands_the_zip_on(run: RunFolder, runs_dir, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, theirs = [], make_run(runs_dir, name="theirs", state=RunState.FINISHED)

    def take(place: Path, bundle: Path, report) -> ImportResult:
        report(1, 3)
        taken.append((place, bundle.name, bundle.read_bytes()))
        return ImportResult(run_id=theirs.id, name="theirs", cautions=())

    monkeypatch.setattr(form, "import_into", take)
    app = opened(run, "open-import")
    uploader(app).upload("my model.zip", b"bytes", "application/zip").run()
    app.button(key="start-import").click().run()
    ended()
    app.run()
    assert taken == [(runs_dir, "my-model.zip", b"bytes")]
    assert [title.value for title in app.title] == ["theirs"], "the page shows it at once"
    assert app.query_params["run"] == theirs.id
    assert list(exports_dir().iterdir()) == []


def test_a_refusal_is_said_on_the_page(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> ImportResult:
        raise RunError("m.zip cannot be imported: it lacks card.json.")

    monkeypatch.setattr(form, "import_into", refuse)
    app = opened(run, "open-import")
    uploader(app).upload("m.zip", b"bytes", "application/zip").run()
    app.button(key="start-import").click().run()
    ended()
    app.run()
    assert any("card" in error.value and "lacks" in error.value for error in app.error)


def test_without_its_zip_a_failed_import_is_not_offered_again(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> ImportResult:
        raise RunError("It lacks its card.")

    monkeypatch.setattr(form, "import_into", refuse)
    app = opened(run, "open-import")
    uploader(app).upload("m.zip", b"bytes", "application/zip").run()
    app.button(key="start-import").click().run()
    ended()
    assert app.run().error and app.button(key="start-import")
    uploader(app).clear().run()
    assert not app.exception and not app.error
    assert "start-import" not in [button.key for button in app.button]
    uploader(app).upload("m.zip", b"other bytes", "application/zip").run()
    assert not app.error and app.button(key="start-import")


@pytest.mark.parametrize("fails", [False, True])
def test_an_import_whose_zip_is_taken_away_meanwhile_is_followed_to_its_end(
    run: RunFolder, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    go_on, theirs = threading.Event(), make_run(runs_dir, name="theirs", state=RunState.FINISHED)

    def take(*_: object) -> ImportResult:
        assert go_on.wait(60)
        if fails:
            raise RunError("It lacks its card.")
        return ImportResult(run_id=theirs.id, name="theirs", cautions=())

    monkeypatch.setattr(form, "import_into", take)
    app = opened(run, "open-import")
    uploader(app).upload("m.zip", b"bytes", "application/zip").run()
    app.button(key="start-import").click().run()
    uploader(app).clear().run()
    assert app.button(key="stop-import")
    go_on.set()
    ended()
    app.run()
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == ["It lacks its card."] * fails
    assert [title.value for title in app.title] == [run.about().name if fails else "theirs"]


def test_runs_without_weights_are_not_exported_but_others_come_in(runs_dir: Path) -> None:
    app = open_page("run", run=make_run(runs_dir, state=RunState.FINISHED).id)
    labels = [box.label for box in app.expander]
    assert "Import a model" in labels and "Take this model along" not in labels
