"""What is asked of the machine before a run starts, and asked again: the check of a run, the devices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import add_dataset
from rsdash.data.store import scan_again
from rsdash.errors import ServiceError
from rsdash.inference import client
from rsdash.inference.results import DeviceFacts, Profile
from rsdash.jobs.devices import Slot
from rsdash.runs.states import RunState
from rsdash.ui import preflight
from tests.app.opening import open_page
from tests.holding import CPU
from tests.tiny import COST, make_run, wait_for


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


@pytest.mark.parametrize(
    ("device", "gpu_gb", "needed_gb", "told"),
    [
        ("auto", 16, 17, "17.0 GB of the GPU's memory, which is an estimate (T4 has 16.0 GB) — **too little"),
        ("auto", 10**6, 10**5, "100000.0 GB of the GPU's memory, which is an estimate (T4 has 1000000.0 GB)"),
        ("cpu", 10**6, 10**5, "100000.0 GB of the machine's memory, which is an estimate ("),
    ],
)
def test_memory_is_judged_against_that_of_the_device(
    device: str, gpu_gb: int, needed_gb: int, told: str, tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = (Slot("GPU-b", "H100", 2 * gpu_gb * 10**9), Slot("GPU-a", "T4", gpu_gb * 10**9), CPU)
    monkeypatch.setattr(preflight, "find_slots", lambda: slots)
    cost = COST.model_copy(update={"memory_bytes": needed_gb * 10**9})
    monkeypatch.setattr(client, "profile", lambda *_: cost)
    app = train_page(tiles_dir).selectbox("set-device").set_value(device).run()
    app = pressed(app, "preflight", "preflight")
    [line] = [one for one in texts(app).split("\n") if "memory" in one and "estimate" in one]
    assert line.startswith(f"- about {told}")
    assert line.endswith("**too little; lower batch size**") == (device == "cpu" or needed_gb > gpu_gb)


@pytest.mark.parametrize(("free_gb", "fits"), [(1.0, False), (1.1, True)])
def test_disk_is_judged_as_at_the_start(
    free_gb: float, fits: bool, tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    usage = shutil.disk_usage(tiles_dir)
    app = train_page(tiles_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=int(free_gb * 1e9)))
    app = pressed(app, "preflight", "preflight")
    [line] = [one for one in texts(app).split("\n") if " disk (" in one]
    assert ("too little" not in line) == fits
    app.button("start").click().run()
    assert any("needs 1,067.1 MB" in error.value.replace("\\", "") for error in app.error) != fits


def test_a_check_that_failed_is_offered_again(tiles_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "profile", refused)
    app = pressed(train_page(tiles_dir), "preflight", "preflight")
    assert "slow today" in app.error[0].value and app.button("preflight").label == "Check again"
    monkeypatch.setattr(client, "profile", lambda *_: COST)
    app = pressed(app, "preflight", "preflight")
    assert not app.error and "images to train on" in texts(app)


def test_a_device_on_which_somebody_trains_by_hand_is_not_idle(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.ui.device_list.find_slots", lambda: (CPU,))
    folder = make_run(runs_dir, name="by hand", state=RunState.RUNNING)
    assert not folder.state().slot
    assert any("trains by hand" in text.value for text in open_page("overview").markdown)


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
