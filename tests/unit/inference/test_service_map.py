"""`/map` of the inference service: steps, then the record; errors are a line of their own."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from starlette.testclient import TestClient

from rsdash.home import maps_dir
from rsdash.inference import wire
from rsdash.inference.address import Address, write_address
from rsdash.inference.scenes import mapper
from rsdash.inference.scenes.client import map_scene
from rsdash.inference.scenes.kept import find_map
from rsdash.inference.scenes.reading import read_picture
from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.inference.service import Service
from tests.scenes import write_scene
from tests.tiny import draw_tile, wait_for
from tests.trained import Trained

TOKEN = "secret"
RULE = MapRule(tile_m=320)


class StoppedError(Exception):
    pass


@pytest.fixture
def scene(tmp_path: Path, data_place: Path) -> Path:
    rows = [np.concatenate([draw_tile(label, row) for label in (0, 1, 2)], axis=1) for row in range(3)]
    return write_scene(tmp_path / "scene.tif", np.concatenate(rows))


def lines(
    run: Path, scene: Path, rule: MapRule | dict[str, Any] = RULE, *, token: str = TOKEN
) -> list[dict[str, Any]]:
    asked = rule.model_dump(mode="json") if isinstance(rule, MapRule) else rule
    content = {"run": str(run), "scene": str(scene), "rule": asked}
    with TestClient(Service(TOKEN).app()) as client:
        answer = client.post("/map", json=content, headers={"Authorization": f"Bearer {token}"})
    return [json.loads(line) for line in answer.text.splitlines()]


def test_steps_come_and_then_the_record_of_a_map_that_is_there(trained, scene, monkeypatch) -> None:
    predict = mapper._predict

    def predict_later(*given: Any, **settings: Any) -> Any:
        threading.Event().wait(1.0)  # so that the step before the first windows is heard
        return predict(*given, **settings)

    monkeypatch.setattr(mapper, "_predict", predict_later)
    *steps, last = lines(trained.folder.path, scene)
    assert steps[0] == {"done": 0, "total": 0, "words": "loading the model"}
    assert {"done": 0, "total": 25, "words": ""} in steps
    assert steps[-1]["done"] == 25 and steps[-1]["words"], "what is done after the windows is said"
    record = MapRecord.model_validate_json(json.dumps(last["result"]))
    assert record == find_map(record.id).record
    assert (record.run_id, record.run_name) == (trained.folder.id, trained.folder.about().name)
    assert record.grid == (6, 6) and record.window_px == (32, 32)


def test_what_cannot_be_mapped_is_one_line_at_the_end(trained: Trained, scene: Path, tmp_path: Path) -> None:
    *_, nowhere = lines(trained.folder.path, tmp_path / "nowhere.tif")
    assert "There is no scene at" in nowhere["error"]
    *_, unknown = lines(trained.folder.path, scene, MapRule())
    assert "side of a tile in metres" in unknown["error"]
    *_, wrong = lines(trained.folder.path, scene, {"stride": 7})
    assert wrong["error"].startswith("stride=7 cannot be used")
    *_, lonely = lines(tmp_path / "no-run", scene)
    assert "weights" in lonely["error"]
    assert not maps_dir().exists() or not list(maps_dir().iterdir())


@pytest.fixture
def service(data_place: Path) -> Iterator[Service]:
    """The service behind its address, in this process."""
    service = Service(TOKEN)
    server = uvicorn.Server(uvicorn.Config(service.app(), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        write_address(Address(listener.getsockname()[1], TOKEN, os.getpid()))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        wait_for(lambda: server.started, "the service")
        yield service
        server.should_exit = True
        thread.join()


class Slow:
    """A disk from which the small picture of a scene comes after a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.asked = seconds, threading.Event()

    def read_picture(self, *arguments: Any) -> Any:
        self.asked.set()
        threading.Event().wait(self.seconds)
        return read_picture(*arguments)


def test_a_stage_may_be_silent_for_longer_than_the_client_waits(trained, scene, service, monkeypatch) -> None:
    monkeypatch.setattr("rsdash.inference.scenes.mapper.read_picture", Slow(3.0).read_picture)
    monkeypatch.setattr(wire, "ANSWER_WAIT_S", 2.0)
    heard: list[tuple[int, int, str]] = []
    record = map_scene(trained.folder.path, scene, RULE, lambda *report: heard.append(report))
    assert heard.count((25, 25, "making a small picture of the scene")) > 1
    assert find_map(record.id)


def test_stopped_after_the_windows_the_service_answers_others_and_leaves_nothing(
    trained, scene, service: Service, monkeypatch
) -> None:
    slow = Slow(4.0)
    monkeypatch.setattr("rsdash.inference.scenes.mapper.read_picture", slow.read_picture)

    def report(done: int, total: int, words: str) -> None:
        if slow.asked.is_set():
            raise StoppedError

    with pytest.raises(StoppedError):
        map_scene(trained.folder.path, scene, RULE, report)
    assert wire.call("GET", "/health") == {"pid": os.getpid()}
    assert service.idle_s() == 0.0, "the stage that was begun is not at its end"
    wait_for(lambda: service.idle_s() > 0, "the end of the stage")
    assert not list(maps_dir().iterdir())


def test_without_the_token_nothing_is_mapped(trained: Trained, scene: Path) -> None:
    assert lines(trained.folder.path, scene, token="guess") == [{"error": "The token is missing or wrong."}]
    assert not maps_dir().exists()
