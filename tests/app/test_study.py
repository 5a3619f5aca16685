"""Repeating the study: its costs are measured, which can be stopped, and hold for the images there are."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import add_dataset
from rsdash.data.store import scan_again
from rsdash.inference import client
from rsdash.inference.results import Profile
from tests.app.opening import open_page
from tests.tiny import COST, wait_for


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
