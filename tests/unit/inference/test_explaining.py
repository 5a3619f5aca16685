"""Grad-CAM against its formula written out, and occlusion against a network that looks at one corner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rsdash.errors import ConfigError, ImageError, ModelError
from rsdash.evaluation.trust import UNKNOWN
from rsdash.inference.explaining import explain, grad_cam, layer_to_look_at, occlusion
from rsdash.inference.results import METHODS
from rsdash.models.registry import build_model
from tests.tiny import CLASSES, small_config
from tests.trained import Trained


def by_hand(model: nn.Module, layer: nn.Module, images: torch.Tensor, label: int) -> np.ndarray:
    """ReLU of the maps, weighed by the means of their gradients (Selvaraju et al. 2017, eq. 1, 2)."""
    kept: list[Any] = []
    hook = layer.register_forward_hook(lambda _module, _inputs, maps: kept.append(maps))
    logit = model(images)[0, label]
    hook.remove()
    (gradient,) = torch.autograd.grad(logit, kept[0])
    weights = gradient.mean(dim=(2, 3))[0]
    maps = torch.relu(torch.einsum("f,fhw->hw", weights, kept[0][0])).detach().numpy()
    return maps / maps.max()


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        ("alexnet", "features.conv5"),
        ("resnet18", "layer4.1"),
        ("resnet50", "layer4.2"),
        ("torchvision/squeezenet1_1", "classifier.1"),
        ("tf_efficientnet_lite0", "conv_head"),
    ],
)
def test_the_last_maps_are_weighed_by_their_gradients(model: str, layer: str) -> None:
    torch.manual_seed(1)
    config = small_config(model=model, im_size=96, width=1.0, hidden_layers=2)
    network = build_model(config, 3).eval()
    images = torch.randn(1, 3, 96, 96)
    name, found = layer_to_look_at(network, images)
    assert name == layer
    label = int(network(images).argmax())
    expected = by_hand(network, found, images, label)
    values = grad_cam(network, found, images, label)
    assert values.shape == expected.shape and values.max() == pytest.approx(1)
    assert values == pytest.approx(expected, abs=1e-4)


def test_a_network_without_a_convolution_is_refused_by_grad_cam_alone() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    with pytest.raises(ModelError, match="no convolution"):
        layer_to_look_at(flat, torch.zeros(1, 3, 2, 2))


class Corner(nn.Module):
    """Sees class 1 where the upper left quarter is bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        quarter = images[:, :, : images.shape[2] // 4, : images.shape[3] // 4].mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(quarter), 4 * quarter], dim=1)


def test_occlusion_finds_the_corner_that_decides(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = trained.predictor
    monkeypatch.setattr(predictor, "model", Corner())
    monkeypatch.setattr(predictor, "trust", replace(UNKNOWN, temperature=2.0))
    values = occlusion(predictor, torch.ones(1, 3, 64, 64), 1)
    assert values.shape == (8, 8)
    assert values[3:, :].max() == pytest.approx(0, abs=1e-6) == values[:, 3:].max()
    with_it, without = 1 / (1 + np.exp(-4 / 2)), 0.5
    assert values[0, 0] == pytest.approx(with_it - without, abs=1e-6)  # by one window
    assert values[0, 0] > values[1, 1] > values[2, 2] >= 0


@pytest.mark.parametrize("method", METHODS)
def test_the_answer_to_a_file_is_explained(trained: Trained, method: str) -> None:
    name = trained.evaluated[0]
    content = (trained.tiles / name).read_bytes()
    (prediction,) = trained.predictor.predict([(name, content)])
    found = explain(trained.predictor, name, content, method=method)
    assert (found.method, found.label) == (method, prediction.classes[0])
    values = np.array(found.values)
    assert np.isfinite(values).all() and values.ndim == 2 and -1 <= values.min() <= values.max() <= 1
    assert bool(found.layer) != bool(found.covered)
    other = explain(trained.predictor, name, content, method=method, label=CLASSES[2])
    assert other.label == "Road"


def test_what_does_not_fit_is_one_sentence(trained: Trained) -> None:
    good = (trained.tiles / trained.evaluated[0]).read_bytes()
    with pytest.raises(ConfigError, match="no method 'x'"):
        explain(trained.predictor, "a.png", good, method="x")
    with pytest.raises(ConfigError, match="no class 'Glacier'; it knows Forest, Lake, Road"):
        explain(trained.predictor, "a.png", good, method="grad-cam", label="Glacier")
    with pytest.raises(ImageError, match=r"a\.png is empty"):
        explain(trained.predictor, "a.png", b"", method="occlusion")
