"""The study's ResNets against torchvision's, and their switches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from rsdash.config import STUDY_RESNETS, RunConfig
from rsdash.models.resnet import build_resnet


def _meta(model: str = "resnet18", **settings: Any) -> nn.Module:
    with torch.device("meta"):
        return build_resnet(RunConfig(model=model, **settings), 10)


@pytest.mark.parametrize("name", STUDY_RESNETS)
def test_default_structure_and_outputs_are_those_of_torchvision(name: str) -> None:
    torch.manual_seed(0)
    ours = build_resnet(RunConfig(model=name), 10).eval()
    theirs = torchvision.models.get_model(name, num_classes=10).eval()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("name", STUDY_RESNETS)
def test_random_weights_are_those_torchvision_draws(name: str) -> None:
    torch.manual_seed(3)
    ours = build_resnet(RunConfig(model=name), 10).state_dict()
    torch.manual_seed(3)
    theirs = torchvision.models.get_model(name, num_classes=10).state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


@pytest.mark.parametrize("name", STUDY_RESNETS)
def test_without_skip_only_the_shortcuts_go(name: str) -> None:
    full, plain = _meta(name).state_dict(), _meta(name, skip=False).state_dict()
    assert plain.keys() == {key for key in full if "downsample" not in key}
    assert any(key.endswith("bn2.weight") for key in plain)


@pytest.mark.parametrize("name", STUDY_RESNETS)
def test_without_skip_a_block_that_is_silent_lets_nothing_through(name: str) -> None:
    torch.manual_seed(0)
    for skip in (True, False):
        model = build_resnet(RunConfig(model=name, skip=skip), 10).eval()
        last_norm = "bn3" if name == "resnet50" else "bn2"
        nn.init.zeros_(model.get_parameter(f"layer4.{len(model.layer4) - 1}.{last_norm}.weight"))
        features = nn.Sequential(model.layer1, model.layer2, model.layer3, model.layer4)
        with torch.no_grad():
            assert bool(features(torch.rand(2, 64, 8, 8)).any()) is skip


def test_norm_none_removes_every_batch_normalization() -> None:
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in _meta(norm="none").modules())
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in _meta(norm="batch").modules()) == 20


@pytest.mark.parametrize(("activation", "kind"), [("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh)])
def test_activation_replaces_every_relu(activation: str, kind: type[nn.Module]) -> None:
    layers = list(_meta(activation=activation).modules())
    assert not any(isinstance(layer, nn.ReLU) for layer in layers)
    assert sum(isinstance(layer, kind) for layer in layers) == 9  # the stem's and one in each block
