"""The catalogue of models and the checks that need no torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rsdash.config import RunConfig
from rsdash.errors import ModelError
from rsdash.models import catalogue
from rsdash.models.catalogue import ModelFacts, check_model, load_catalogue, model_facts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalogue")


@pytest.fixture(autouse=True)
def _places(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDASH_DATA", str(folder))
    monkeypatch.setenv("RSDASH_RUNS", str(tmp_path))


def test_the_first_call_surveys_and_later_ones_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed = load_catalogue()
    monkeypatch.setattr(catalogue, "_survey", lambda *_: pytest.fail("surveyed again"))
    assert load_catalogue() == surveyed
    assert [path.name for path in (folder / "catalogue").iterdir()] == [catalogue.catalogue_path().name]


def test_a_damaged_cache_is_surveyed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = load_catalogue()
    path = catalogue.catalogue_path()
    whole = path.read_text()
    path.write_text(whole[:-5])
    monkeypatch.setattr(catalogue, "_survey", lambda place, _: place.write_text(whole))
    assert load_catalogue() == facts


def test_a_survey_that_fails_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named timm' >&2\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setenv("RSDASH_DATA", str(tmp_path))
    with pytest.raises(ModelError, match="could not be asked for their models: No module named timm"):
        load_catalogue()


@pytest.mark.parametrize(("gives_way", "niceness"), [(True, 10), (False, 0)])
def test_only_a_survey_that_nobody_waits_for_gives_way(
    gives_way: bool, niceness: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = tmp_path / "python"
    asked.write_text("#!/bin/sh\nnice >&2\nexit 1\n")
    asked.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(asked))
    monkeypatch.setenv("RSDASH_DATA", str(tmp_path))
    expected = min(19, os.nice(0) + niceness)
    with pytest.raises(ModelError, match=f"for their models: {expected}$"):
        load_catalogue(gives_way=gives_way)


def test_it_names_the_study_first_and_every_library_model_once() -> None:
    facts = load_catalogue()
    assert list(facts)[:4] == ["alexnet", "resnet18", "resnet34", "resnet50"]
    sources = [fact.source for fact in facts.values()]
    assert sources.count("torchvision") >= 80
    assert sources.count("timm") > 1000
    assert facts["torchvision/resnet18"].source == "torchvision"
    assert facts["timm/vgg11"].source == "timm"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet", ModelFacts("alexnet", "study", ("random",), None, "")),
        (
            "timm/tf_efficientnet_lite0",
            ModelFacts(
                "tf_efficientnet_lite0",
                "timm",
                ("random", "imagenet", "packaged"),
                224,
                "apache-2.0 (weights in1k)",
            ),
        ),
    ],
)
def test_facts_of_known_models(name: str, expected: ModelFacts) -> None:
    assert model_facts(name, load_catalogue()) == expected


def test_prefixes_and_tags_find_their_model() -> None:
    facts = load_catalogue()
    assert model_facts("resnet18.a1_in1k", facts).name == "timm/resnet18"
    assert model_facts("torchvision/vgg11", facts).name == "vgg11"
    assert model_facts("inception_v3", facts).input_px == 299


def test_non_commercial_weights_say_so() -> None:
    assert "SWAG" in load_catalogue()["vit_h_14"].licence


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "resnet19"}, "resnet18"),
        ({"model": "resnet18", "weights": "packaged"}, "only tf_efficientnet_lite0"),
        ({"model": "alexnet", "weights": "imagenet"}, "torchvision/alexnet"),
        ({"model": "resnet18", "weights": "imagenet", "skip": False}, "skip"),
        ({"model": "resnet18", "weights": "imagenet", "activation": "tanh"}, "activation"),
        ({"weights": "best"}, "'best' is not understood"),
        ({"weights": "file:"}, "not understood"),
        ({"weights": "run:../secret"}, "no id of a run"),
        ({"weights": "run:gone"}, "There is no run 'gone'"),
        ({"weights": "file:/nowhere/x.safetensors"}, "/nowhere/x.safetensors does not exist"),
        ({"model": "alexnet", "im_size": 62}, "at least 63 px"),
    ],
)
def test_what_cannot_be_built_is_refused_before_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        check_model(RunConfig(**settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"model": "resnet18", "weights": "imagenet", "norm": "batch"},
        {"model": "tf_efficientnet_lite0", "weights": "packaged"},
        {"model": "timm/resnet18.a1_in1k", "weights": "imagenet"},
        {"model": "torchvision/alexnet", "im_size": 64},
    ],
)
def test_what_can_be_built_passes(settings: dict[str, Any]) -> None:
    check_model(RunConfig(**settings))


def test_weights_of_a_run_pass_once_they_exist(tmp_path: Path) -> None:
    (tmp_path / "a-run").mkdir()
    (tmp_path / "a-run" / "model.safetensors").touch()
    check_model(RunConfig(weights="run:a-run"))


def test_the_catalogue_is_read_without_torch() -> None:
    load_catalogue()
    program = (
        "import sys; from rsdash.models.catalogue import check_model; from rsdash.config import RunConfig; "
        "check_model(RunConfig()); sys.exit(any(name in sys.modules for name in ('torch', 'timm', 'numpy')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False).returncode
        == 0
    )
