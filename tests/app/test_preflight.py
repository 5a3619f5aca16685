"""What is asked of the machine before a run starts, and asked again: the check of a run, the devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import add_dataset
from rsdash.data.store import scan_again
from rsdash.errors import ServiceError
from rsdash.inference import client
from rsdash.inference.results import DeviceFacts, Profile
from tests.app.opening import open_page
from tests.tiny import COST, wait_for


def refused(*_: object) -> Profile:
    raise ServiceError("The service is slow today.")


def train_page(tiles_dir: Path) -> AppTest:
    add_dataset(tiles_dir, name="tiles")
    return open_page("train", data="tiles").number_input("set-batch_size").set_value(16).run()


def pressed(app: AppTest, key: str, task: str) -> AppTest:
    app.button(key).click().run()
    wait_for(lambda: not shared.server().tasks.under_way(task), "the answer")
    return app.run()


def texts(app: AppTest) -> str:
    return " ".join(text.value for text in app.markdown)


def test_a_check_is_shown_until_the_data_set_changes(
    tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    app = pressed(train_page(tiles_dir), "preflight", "preflight")
    assert not app.error and not app.exception
    assert "48 images to train on" in texts(app) and app.button("preflight").label == "Check again"
    (tiles_dir / "Lake" / "00.png").unlink()
    scan_again("tiles")
    app.run()
    assert "images to train on" not in texts(app)
    assert app.button("preflight").label == "Check time, memory and disk"


def test_a_check_that_failed_is_offered_again(tiles_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "profile", refused)
    app = pressed(train_page(tiles_dir), "preflight", "preflight")
    assert "slow today" in app.error[0].value and app.button("preflight").label == "Check again"
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    app = pressed(app, "preflight", "preflight")
    assert not app.error and "images to train on" in texts(app)


def test_the_devices_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "devices", refused)
    app = pressed(open_page("overview"), "ask-devices", "devices")
    assert "slow today" in app.error[0].value
    for name in ("One card", "Another card"):
        found = [DeviceFacts(name=name, precision="fp32", memory_bytes=10**9)]
        monkeypatch.setattr(client, "devices", lambda found=found: found)
        app = pressed(app, "ask-devices", "devices")
        assert f"**{name}**" in texts(app) and not app.error
        assert app.button("ask-devices").label == "Ask again"
