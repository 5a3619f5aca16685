"""The first convolution for any number of bands: the rule, and every kind of network under it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor, nn

from rsdash.config import RGB8, Radiometry, RunConfig, make_radiometry
from rsdash.errors import ModelError
from rsdash.models import registry, survey
from rsdash.models.bands import RGB_KEYS, adapt_filters, band_keys, first_convolution
from rsdash.models.registry import build_model, normalization_for

ALL = make_radiometry("eurosat", "all")
RGB_BANDS = make_radiometry("eurosat")
FAMILIES = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "resnet18",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "vgg11",
    "vit_b_16",
    "wide_resnet50_2",
)
FILTERS = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))


def bands(*names: str) -> Radiometry:
    return Radiometry(name="test", bands=names, scale=1e-4)


def model(name: str, radiometry: Radiometry, **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return build_model(RunConfig(model=name, **{"im_size": 64, **settings}), 7, radiometry)


def images(channels: int) -> Tensor:
    return torch.randn(2, channels, 64, 64, generator=torch.Generator().manual_seed(1))


def test_red_green_and_blue_in_order_keep_their_filters_bit_by_bit() -> None:
    assert band_keys(RGB_BANDS) == RGB_KEYS
    assert torch.equal(adapt_filters(FILTERS, RGB_KEYS, band_keys(RGB_BANDS)), FILTERS)


def test_bands_in_another_order_take_their_filters_along() -> None:
    turned = adapt_filters(FILTERS, RGB_KEYS, band_keys(bands("B02", "green", "Red")))
    assert torch.equal(turned, FILTERS[:, [2, 1, 0]])


def test_other_bands_take_the_mean_and_all_are_rescaled() -> None:
    adapted = adapt_filters(FILTERS, RGB_KEYS, band_keys(ALL))
    assert adapted.shape == (4, 13, 5, 5)
    for band, colour in {3: 0, 2: 1, 1: 2}.items():
        assert torch.allclose(adapted[:, band], FILTERS[:, colour] * 3 / 13)
    for band in (0, 4, 7, 12):
        assert torch.allclose(adapted[:, band], FILTERS.mean(1) * 3 / 13)


def test_an_image_alike_in_all_bands_meets_the_same_sum() -> None:
    for radiometry in (
        ALL,
        bands("B08"),
        bands("B04"),
        bands("B05", "B06"),
        bands("B11", "B04", "B03", "B02"),
    ):
        adapted = adapt_filters(FILTERS, RGB_KEYS, band_keys(radiometry))
        assert torch.allclose(adapted.sum(1), FILTERS.sum(1), atol=1e-6)


def test_a_single_band_is_timms_sum() -> None:
    from timm.models import adapt_input_conv

    assert torch.allclose(adapt_filters(FILTERS, RGB_KEYS, ("red",)), adapt_input_conv(1, FILTERS))


def test_the_fallback_name_b4_is_no_red() -> None:
    assert band_keys(bands("B4", "B1")) == ("b4", "b1")


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "torchvision/squeezenet1_1", "lcnet_050"])
@pytest.mark.parametrize("radiometry", [bands("B08"), bands("B08", "B04", "B03", "B02"), ALL])
def test_random_networks_take_any_number_of_bands(name: str, radiometry: Radiometry) -> None:
    network = model(name, radiometry).eval()
    assert network(images(radiometry.channels)).shape == (2, 7)
    with pytest.raises(RuntimeError, match="channels"):
        network(images(3))


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_torchvision_takes_13_bands(name: str) -> None:
    with torch.device("meta"):
        network = model(f"torchvision/{name}", ALL, im_size=224).eval()
        assert network(torch.empty(1, 13, 224, 224)).shape == (1, 7)
    assert network.get_parameter(f"{first_convolution(network)}.weight").shape[1] == 13


def test_no_family_of_torchvision_is_left_out() -> None:
    stems = {re.match("[a-z]+", name) for name in survey.torchvision_names()}
    tested = {re.match("[a-z]+", name) for name in FAMILIES}
    names = {match.group() for match in stems if match} - {match.group() for match in tested if match}
    assert names == {"regnet"}  # it reads values while it is built; its stem is a ResNet's


def test_three_bands_leave_random_weights_as_they_are() -> None:
    for name in ("alexnet", "torchvision/squeezenet1_1", "lcnet_050"):
        plain, ours = model(name, RGB8).state_dict(), model(name, RGB_BANDS).state_dict()
        assert all(torch.equal(plain[key], ours[key]) for key in plain)


@pytest.mark.parametrize("name", ["alexnet", "resnet18"])
def test_random_filters_for_13_bands_answer_as_loudly_as_for_three(name: str) -> None:
    responses = []
    for radiometry in (RGB8, ALL):
        network = model(name, radiometry)
        layer = network.get_submodule(first_convolution(network))
        with torch.no_grad():
            responses.append(layer(images(radiometry.channels)).std().item())
    assert responses[1] == pytest.approx(responses[0], rel=0.1)


PACKAGED = {"weights": "packaged", "im_size": 64}


def test_packaged_weights_answer_alike_bands_as_they_answer_grey() -> None:
    grey = images(1)
    three = model("tf_efficientnet_lite0", RGB8, **PACKAGED).eval()
    thirteen = model("tf_efficientnet_lite0", ALL, **PACKAGED).eval()
    thirteen.load_state_dict(  # the random heads alike
        {name: value for name, value in three.state_dict().items() if name.startswith("classifier.")},
        strict=False,
    )
    with torch.no_grad():
        expected, found = three(grey.expand(-1, 3, -1, -1)), thirteen(grey.expand(-1, 13, -1, -1))
    assert torch.allclose(found, expected, atol=1e-4)
    assert expected.std() > 0.01


def test_packaged_weights_read_blue_green_red_as_the_picture_they_are() -> None:
    picture = images(3)
    three = model("tf_efficientnet_lite0", RGB8, **PACKAGED).eval()
    turned = model("tf_efficientnet_lite0", bands("B02", "B03", "B04"), **PACKAGED).eval()
    with torch.no_grad():
        assert torch.allclose(turned(picture.flip(1)), three(picture), atol=1e-5)
        assert not torch.allclose(turned(picture), three(picture), atol=1e-2)


def test_timms_published_weights_follow_the_rule_and_not_timms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    real = timm.create_model

    def without_network(name: str, *, pretrained: bool = False, **options: Any) -> nn.Module:
        network = real(name, **options)
        if pretrained:
            with torch.no_grad():
                network.get_parameter("conv_stem.weight").copy_(published)
        return network

    published = torch.randn(real("lcnet_050").get_parameter("conv_stem.weight").shape)
    monkeypatch.setattr(registry.timm, "create_model", without_network)
    network = model("lcnet_050", bands("B08", "B04", "B03", "B02"), weights="imagenet")
    stem = network.get_parameter("conv_stem.weight")
    assert torch.allclose(stem[:, 1:], published * 3 / 4)
    assert torch.allclose(stem[:, 0], published.mean(1) * 3 / 4)


def saved(path: Path, network: nn.Module, radiometry: Radiometry | None) -> Path:
    card = {"scale": {"mean": [0.1] * 13, "std": [0.2] * 13}, "data": {}}
    if radiometry:
        card["data"] = {"radiometry": radiometry.model_dump(mode="json")}
    safetensors.torch.save_file(network.state_dict(), path, metadata={"rsdash": json.dumps(card)})
    return path


def test_weights_of_a_run_know_its_bands(tmp_path: Path) -> None:
    trained = model("resnet18", ALL)
    path = saved(tmp_path / "run.safetensors", trained, ALL)
    again = model("resnet18", ALL, weights=f"file:{path}")
    assert torch.equal(again.get_parameter("conv1.weight"), trained.get_parameter("conv1.weight"))
    fewer = model("resnet18", bands("B8A", "B01"), weights=f"file:{path}").get_parameter("conv1.weight")
    assert torch.allclose(fewer, trained.get_parameter("conv1.weight")[:, [12, 0]] * 13 / 2)


def test_weights_that_do_not_say_are_taken_for_red_green_and_blue(tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    trained = model("resnet18", RGB8)
    safetensors.torch.save_file(trained.state_dict(), path)
    found = model("resnet18", ALL, weights=f"file:{path}").get_parameter("conv1.weight")
    assert torch.allclose(found[:, 3], trained.get_parameter("conv1.weight")[:, 0] * 3 / 13)


def test_a_run_brings_its_normalization_to_the_same_bands_only(tmp_path: Path) -> None:
    path = saved(tmp_path / "run.safetensors", model("resnet18", ALL), ALL)
    config = RunConfig(model="resnet18", weights=f"file:{path}")
    assert normalization_for(config, ALL) == ((0.1,) * 13, (0.2,) * 13)
    assert normalization_for(config, make_radiometry("sentinel2", "all")) is None
    assert normalization_for(config, RGB8) is None


def test_published_normalization_is_for_8_bit_pictures_only() -> None:
    config = RunConfig(model="tf_efficientnet_lite0", weights="packaged")
    assert normalization_for(config, RGB8) == ((0.5,) * 3, (0.5,) * 3)
    assert normalization_for(config, RGB_BANDS) is None


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_images_are_normalized_once_whoever_loads_the_network(name: str) -> None:
    config = RunConfig(model=name, weights="imagenet", im_size=96)
    assert normalization_for(config) == ((0.5,) * 3, (0.5,) * 3)
    with torch.device("meta"):
        network: Any = model(name, RGB8, im_size=96)
    assert network.transform_input is False


def test_weights_read_by_no_convolution_are_refused(tmp_path: Path) -> None:
    flat = {"stem.weight": torch.zeros(8, 3 * 16)}
    from rsdash.models.bands import InputLayer, adapt_state

    with pytest.raises(ModelError, match="not through a plain convolution"):
        adapt_state(flat, InputLayer(("stem.weight",), band_keys(ALL)), RGB_KEYS, "x")
