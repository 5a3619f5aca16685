"""Requests that do not fit: each is refused with one sentence that names the field."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from rsdash.config import make_config
from rsdash.errors import ConfigError
from rsdash.inference.questions import ProfileQuestion
from rsdash.inference.service import Service
from tests.tiny import small_config

TOKEN = "secret"
CONFIG = small_config(data="tiles").model_dump(mode="json")


@pytest.fixture
def service() -> TestClient:
    return TestClient(Service(TOKEN).app(), headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("/profile", {"classes": 3}, "The request lacks 'config'."),
        ("/profile", {"config": CONFIG}, "The request lacks 'classes'."),
        ("/profile", {"config": CONFIG, "classes": 0}, "classes=0 cannot be used: "),
        ("/profile", {"config": {**CONFIG, "epochs": 0}, "classes": 3}, "epochs must be greater than "),
        ("/batch", {"config": "paper"}, "config='paper' cannot be used: "),
        ("/batch", {"config": CONFIG, "step": -1}, "step=-1 cannot be used: "),
        ("/batch", {"config": CONFIG, "stpe": 1}, "stpe=1 cannot be used: "),
        ("/rate", [], "request=[] cannot be used: "),
        ("/evaluate", {"run": "checkpoints/r"}, "The request lacks 'data'."),
        ("/predict/place", {"run": "checkpoints/r", "place": "tiles", "top": "many"}, "top='many' cannot "),
        ("/map", {"run": "checkpoints/r"}, "The request lacks 'scene'."),
        ("/map", {"run": "r", "scene": "s.tif", "rule": {"stride": 7}}, "stride=7 cannot be used: "),
        ("/nearest", {"run": "checkpoints/r", "place": "tiles"}, "The request lacks 'name'."),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(
    service: TestClient, path: str, content: Any, sentence: str
) -> None:
    answer = service.post(path, json=content)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(sentence)


def test_what_is_no_json_is_refused(service: TestClient) -> None:
    answer = service.post("/map", content=b"scene.tif")
    assert answer.status_code == 422 and answer.json()["error"].startswith("The request is no JSON: ")


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_form_without_images_or_run_is_refused(service: TestClient, path: str) -> None:
    image = {"images": ("tile.jpg", b"...")}
    assert service.post(path, data={"run": "r"}).json() == {"error": "The request holds no image."}
    assert service.post(path, files=image).json() == {"error": "The request lacks 'run'."}


def test_settings_may_name_their_preset() -> None:
    asked = ProfileQuestion.model_validate({"config": {"preset": "quick", "epochs": 2}, "classes": 10})
    assert (asked.config.preset, asked.config.epochs, asked.config.batch_size) == ("quick", 2, 32)


def test_settings_of_a_run_from_before_a_rule_are_taken_as_they_are() -> None:
    before = {"schedule": "one-cycle", "warmup_epochs": 2}
    with pytest.raises(ConfigError, match="has no effect"):
        make_config(before)
    asked = ProfileQuestion.model_validate({"config": before, "classes": 10})
    assert asked.config.warmup_epochs == 2
