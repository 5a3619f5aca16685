"""`/map` of the inference service: steps, then the record; errors are a line of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from rsdash.home import maps_dir
from rsdash.inference.scenes.kept import find_map
from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.inference.service import Service
from tests.scenes import write_scene
from tests.tiny import draw_tile
from tests.trained import Trained

TOKEN = "secret"
RULE = MapRule(tile_m=320)


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


def test_steps_come_and_then_the_record_of_a_map_that_is_there(trained: Trained, scene: Path) -> None:
    *steps, last = lines(trained.folder.path, scene)
    assert steps == [{"done": 25, "total": 25}]
    record = MapRecord.model_validate_json(json.dumps(last["result"]))
    assert record == find_map(record.id).record
    assert (record.run_id, record.run_name) == (trained.folder.id, trained.folder.about().name)
    assert record.grid == (6, 6) and record.window_px == (32, 32)


def test_what_cannot_be_mapped_is_one_line(trained: Trained, scene: Path, tmp_path: Path) -> None:
    (nowhere,) = lines(trained.folder.path, tmp_path / "nowhere.tif")
    assert "There is no scene at" in nowhere["error"]
    (unknown,) = lines(trained.folder.path, scene, MapRule())
    assert "side of a tile in metres" in unknown["error"]
    (wrong,) = lines(trained.folder.path, scene, {"stride": 7})
    assert wrong["error"].startswith("stride=7 cannot be used")
    (lonely,) = lines(tmp_path / "no-run", scene)
    assert "weights" in lonely["error"]
    assert not maps_dir().exists() or not list(maps_dir().iterdir())


def test_without_the_token_nothing_is_mapped(trained: Trained, scene: Path) -> None:
    assert lines(trained.folder.path, scene, token="guess") == [{"error": "The token is missing or wrong."}]
    assert not maps_dir().exists()
