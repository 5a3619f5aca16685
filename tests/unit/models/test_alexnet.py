"""The study's AlexNet and its switches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.errors import ModelError
from rsdash.models.alexnet import AlexNet
from rsdash.models.geometry import smallest_image_px


def _meta(**settings: Any) -> AlexNet:
    with torch.device("meta"):
        return AlexNet(RunConfig(**settings), 10)


def _count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _kinds(model: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in model.modules() if not list(layer.children())]


def test_parameters_are_those_counted_by_hand() -> None:
    convolutions = (
        96 * (3 * 11 * 11 + 1)
        + 256 * (96 * 5 * 5 + 1)
        + 384 * (256 * 3 * 3 + 1)
        + 384 * (384 * 3 * 3 + 1)
        + 256 * (384 * 3 * 3 + 1)
    )
    linear = 4096 * (256 * 6 * 6 + 1) + 4096 * (4096 + 1) + 10 * (4096 + 1)
    assert _count(_meta()) == convolutions + linear == 58_322_314


def test_layers_stand_in_the_order_of_the_study() -> None:
    start = ["Conv2d", "ReLU", "LocalResponseNorm", "MaxPool2d"]
    end = ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Linear"]
    middle = [*["Conv2d", "ReLU"] * 3, "MaxPool2d", "AdaptiveAvgPool2d"]
    assert _kinds(_meta()) == [*start, *start, *middle, *end]


def test_feature_maps_have_the_published_sizes() -> None:
    model = _meta()
    sides: dict[str, int] = {}
    x = torch.empty(1, 3, 224, 224, device="meta")
    for name, layer in model.features.named_children():
        x = layer(x)
        sides[name] = x.shape[-1]
    assert [sides[name] for name in ("conv1", "pool1", "pool2", "conv5", "pool5")] == [55, 27, 13, 13, 6]


def test_response_normalization_has_the_constants_of_the_paper() -> None:
    # alpha 1e-4 on the sum over 5 is 5e-4 on torch's average
    layers = _meta().features
    assert layers.get_submodule("norm1").window == layers.get_submodule("norm2").window == (5, 5e-4, 0.75, 2)


def test_norm_chooses_the_normalization() -> None:
    assert _kinds(_meta(norm="batch")).count("BatchNorm2d") == 5
    assert "LocalResponseNorm" not in _kinds(_meta(norm="batch"))
    none = _kinds(_meta(norm="none"))
    assert "BatchNorm2d" not in none
    assert "LocalResponseNorm" not in none


@pytest.mark.parametrize(("activation", "kind"), [("sigmoid", "Sigmoid"), ("tanh", "Tanh")])
def test_activation_replaces_every_relu(activation: str, kind: str) -> None:
    kinds = _kinds(_meta(activation=activation))
    assert kinds.count(kind) == 7
    assert "ReLU" not in kinds


def test_pooling_and_overlap_set_the_windows() -> None:
    for overlapping, side in ((True, 3), (False, 2)):
        model = _meta(pooling="average", overlapping_pooling=overlapping)
        pools = [layer for layer in model.modules() if isinstance(layer, nn.AvgPool2d)]
        assert [(pool.kernel_size, pool.stride) for pool in pools] == [(side, 2)] * 3


def test_dropout_and_hidden_layers_change_the_classifier() -> None:
    model = _meta(dropout=0.2, hidden_layers=1)
    assert [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)] == [0.2]
    assert _count(_meta()) - _count(model) == 4096 * 4097


def test_width_scales_every_layer() -> None:
    layers = [layer for layer in _meta(width=0.5).modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert [layer.weight.shape[0] for layer in layers] == [48, 128, 192, 192, 128, 2048, 2048, 10]


def test_kernel_sizes_set_the_convolutions_and_keep_their_outputs() -> None:
    model = _meta(kernel_sizes=(7, 3, 5, 1, 3))
    kernels = [layer.kernel_size[0] for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == [7, 3, 5, 1, 3]
    assert model.features(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 256, 6, 6)


@pytest.mark.parametrize("settings", [{}, {"overlapping_pooling": False}, {"kernel_sizes": (15, 5, 3, 3, 3)}])
def test_the_smallest_size_works_and_one_less_is_refused(settings: dict[str, Any]) -> None:
    smallest_px = smallest_image_px(RunConfig(**settings))
    model = _meta(im_size=smallest_px, **settings)
    assert model(torch.empty(1, 3, smallest_px, smallest_px, device="meta")).shape == (1, 10)
    with pytest.raises(ModelError, match=f"at least {smallest_px} px"):
        _meta(im_size=smallest_px - 1, **settings)
    with pytest.raises(RuntimeError):
        model(torch.empty(1, 3, smallest_px - 1, smallest_px - 1, device="meta"))


def test_first_weights_have_the_spread_of_their_rule() -> None:
    torch.manual_seed(0)
    relu, tanh = (AlexNet(RunConfig(activation=name, width=0.25), 10) for name in ("relu", "tanh"))
    spread = [model.get_parameter("classifier.hidden1.weight").std().item() for model in (relu, tanh)]
    inputs, outputs = 2304, 1024
    assert spread == pytest.approx([(2 / inputs) ** 0.5, (2 / (inputs + outputs)) ** 0.5], rel=0.02)
    assert not any(value.any() for name, value in relu.named_parameters() if name.endswith("bias"))


def test_a_narrow_network_learns_a_handful_of_images() -> None:
    torch.manual_seed(0)
    model = AlexNet(RunConfig(width=0.125, im_size=63, dropout=0.0), 4)
    images = torch.randn(16, 3, 63, 63)
    labels = torch.arange(16) % 4
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    losses: list[float] = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2
