"""Repeating the study: its costs are measured, which can be stopped, and hold for the images there are."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import RunConfig
from rsdash.data import add_dataset
from rsdash.data.store import scan_again
from rsdash.errors import ModelError
from rsdash.inference import client
from rsdash.inference.results import Profile
from rsdash.jobs import submit
from tests.app.opening import open_page, own_runs
from tests.tiny import COST, make_tiles, wait_for


def overview(tiles_dir: Path) -> AppTest:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("overview")
    app.selectbox("study-data").set_value("tiles").run()
    return app


def measured(app: AppTest) -> AppTest:
    wait_for(lambda: not shared.server().tasks.under_way("study"), "the costs")
    app.run()
    assert not app.exception
    return app


def exact_form(app: AppTest) -> str:
    return next(text.value for text in app.markdown if "Exactly Table 1" in text.value)


def test_the_times_hold_for_the_images_there_are(tiles_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    app = overview(tiles_dir)
    app.button("study-measure").click().run()
    # two runs of 15 epochs of 48 / 64 steps of 2 s and 12 images of 0.5 s, and 8 s to start
    assert "about **4 min** in all" in exact_form(measured(app))
    for path in tiles_dir.rglob("1?.png"):
        path.unlink()
    scan_again("tiles")
    assert "about **2 min** in all" in exact_form(app.run())


def test_the_times_hold_for_images_in_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    for part, per_class in (("train", 4), ("test", 40)):
        make_tiles(tmp_path / "parted" / part, per_class=per_class)
    app = overview(tmp_path / "parted")
    app.button("study-measure").click().run()
    # two runs of 15 epochs of a step of 2 s and 120 images of 0.5 s, and 8 s to start
    assert "about **30 min** in all" in exact_form(measured(app))


def test_where_one_model_is_refused_neither_is_queued(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_model(config: RunConfig) -> None:
        if config.model == "resnet18":
            raise ModelError("ResNet18 is not here today.")

    cheap = COST.model_copy(update={"seconds_per_step": 0.01, "seconds_per_image_forward": 0.001})
    monkeypatch.setattr(client, "profile", lambda *_: cheap)
    app = overview(make_tiles(tmp_path / "more", per_class=30))
    app.button("study-measure").click().run()
    app = measured(app)
    with monkeypatch.context() as patch:
        patch.setattr(submit, "check_model", check_model)
        app.button("study-start-64").click().run()
    assert not app.exception and "not here today" in app.error[0].value
    assert not own_runs()
    app.button("study-start-64").click().run()
    assert not app.exception and not app.error
    assert sorted(entry.config.model for entry in own_runs()) == ["alexnet", "resnet18"]


def test_measuring_can_be_stopped_and_says_so_at_once(
    tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def profile(*_: object) -> Profile:
        assert go_on.wait(60)
        return COST

    monkeypatch.setattr(client, "profile", profile)
    app = overview(tiles_dir)
    app.button("study-measure").click().run()
    app.button("stop-study").click().run()
    assert app.button("stop-study").disabled
    assert app.get("progress")[0].proto.text.startswith("Stopping")
    go_on.set()
    app = measured(app)
    assert not app.error and any("stopped" in box.value for box in app.info)
    assert app.button("study-measure")
