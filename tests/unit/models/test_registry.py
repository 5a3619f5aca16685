"""Models by name, with the first weights asked for."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights

from rsdash.config import RunConfig
from rsdash.errors import ModelError
from rsdash.models import registry, survey
from rsdash.models.alexnet import AlexNet
from rsdash.models.registry import build_model, freeze_all_but_head, head_parameter_names, normalization_for

TIMM_NAMES = (
    "timm/resnet18",
    "timm/vgg11",
    "resnet18.a1_in1k",
    "convnext_nano",
    "deit_tiny_distilled_patch16_224",
    "dla34",
    "edgenext_xx_small",
    "ghostnet_100",
    "hrnet_w18_small",
    "inception_v4",
    "lcnet_050",
    "levit_128",
    "mixer_s32_224",
    "mobilenetv3_small_100",
    "mobilevit_xxs",
    "nfnet_f0",
    "poolformer_s12",
    "pvt_v2_b0",
    "regnety_002",
    "repvgg_a0",
    "swin_tiny_patch4_window7_224",
    "tf_efficientnet_lite0",
    "tinynet_e",
    "vit_tiny_patch16_224",
    "xcit_nano_12_p16_224",
)
BUILT_WITH_VALUES = "regnet"
"""torchvision's RegNets read values while they are built, which the meta device has not."""


def _config(model: str, **settings: Any) -> RunConfig:
    return RunConfig(model=model, **{"im_size": 64, **settings})


def _meta(model: str, **settings: Any) -> nn.Module:
    with torch.device("meta"):
        return build_model(_config(model, im_size=224, **settings), 7)


def _assert_head_gives_classes(model: nn.Module) -> None:
    head = head_parameter_names(model)
    weights = [value for name, value in model.named_parameters() if name in head and value.ndim > 1]
    assert weights
    assert {weight.shape[0] for weight in weights} == {7}


def test_every_torchvision_classifier_is_built_with_the_classes_asked_for() -> None:
    assert len(survey.torchvision_names()) >= 80
    for name in sorted(survey.torchvision_names()):
        if not name.startswith(BUILT_WITH_VALUES):
            _assert_head_gives_classes(_meta(f"torchvision/{name}"))
    _assert_head_gives_classes(build_model(_config("regnet_x_400mf"), 7))


@pytest.mark.parametrize("name", TIMM_NAMES)
def test_timm_names_are_built_with_the_classes_asked_for(name: str) -> None:
    _assert_head_gives_classes(_meta(name))


def test_bare_names_are_the_studys_then_torchvisions_then_timms() -> None:
    assert isinstance(_meta("alexnet"), AlexNet)
    assert isinstance(_meta("torchvision/alexnet"), torchvision.models.AlexNet)
    assert isinstance(_meta("vgg11"), torchvision.models.VGG)
    assert type(_meta("timm/vgg11")).__module__.startswith("timm.")


@pytest.mark.parametrize("name", ["inception_v3", "googlenet"])
def test_auxiliary_outputs_are_off(name: str) -> None:
    model = build_model(_config(name, im_size=96), 7)
    assert model.train()(torch.randn(2, 3, 96, 96)).shape == (2, 7)


@pytest.mark.parametrize("name", ["vit_b_32", "maxvit_t", "vit_tiny_patch16_224"])
def test_transformers_are_built_for_the_size_of_the_images(name: str) -> None:
    with torch.device("meta"):
        model = build_model(_config(name, im_size=448), 7).eval()
        assert model(torch.empty(2, 3, 448, 448)).shape == (2, 7)


def test_sizes_a_transformer_cannot_take_are_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot take images of 100 px; .* im_size=224"):
        build_model(_config("vit_b_32", im_size=100), 7)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet19", "resnet18"),
        ("timm/mobilnetv3_small_100", "mobilenetv3_small_100"),
        ("hf-hub:a/b", "no model"),
    ],
)
def test_unknown_names_are_refused_with_close_ones(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        build_model(_config(name), 7)


def test_unknown_tags_are_refused() -> None:
    with pytest.raises(ModelError, match="nonsense"):
        build_model(_config("timm/resnet18.nonsense"), 7)


def test_random_weights_depend_on_the_seed_alone() -> None:
    def weights(seed: int) -> list[Tensor]:
        torch.manual_seed(seed)
        return list(build_model(_config("tf_efficientnet_lite0"), 7).state_dict().values())

    first, second, other = weights(1), weights(1), weights(2)
    assert all(map(torch.equal, first, second))
    assert not all(map(torch.equal, first, other))


@pytest.fixture
def resnet18_file(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    path = tmp_path / "resnet18.safetensors"
    state = {name: value.contiguous() for name, value in torchvision.models.resnet18().state_dict().items()}
    card = {"scale": {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}}
    safetensors.torch.save_file(state, path, metadata={"rsdash": json.dumps(card)})
    return path


def test_a_file_of_other_classes_fills_all_but_the_head(resnet18_file: Path) -> None:
    model = build_model(_config("resnet18", weights=f"file:{resnet18_file}"), 7)
    stored = safetensors.torch.load_file(resnet18_file)
    own = model.state_dict()
    assert own["fc.weight"].shape == (7, 512)
    assert all(torch.equal(own[name], stored[name]) for name in own if not name.startswith("fc."))


def test_a_file_of_the_same_classes_fills_the_head_too(resnet18_file: Path) -> None:
    model = build_model(_config("resnet18", weights=f"file:{resnet18_file}"), 1000)
    assert torch.equal(
        model.get_parameter("fc.weight"), safetensors.torch.load_file(resnet18_file)["fc.weight"]
    )


def test_a_file_of_another_network_is_refused(resnet18_file: Path) -> None:
    with pytest.raises(ModelError, match="belong to another network"):
        build_model(_config("resnet34", weights=f"file:{resnet18_file}"), 7)


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"fc.weight": torch.zeros(1)}, path)
    config = _config("resnet18", weights=f"file:{path}")
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        build_model(config, 7)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        normalization_for(config)


def test_weights_of_a_run_come_with_its_normalization(
    resnet18_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSDASH_RUNS", str(tmp_path))
    (tmp_path / "a-run").mkdir()
    resnet18_file.rename(tmp_path / "a-run" / "model.safetensors")
    config = _config("resnet18", weights="run:a-run")
    assert build_model(config, 7).get_parameter("conv1.weight").shape == (64, 3, 7, 7)
    assert normalization_for(config) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


@pytest.mark.parametrize("model", ["resnet18", "torchvision/resnet18"])
def test_imagenet_weights_are_torchvisions(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(6)
    published = torchvision.models.resnet18().state_dict()
    monkeypatch.setattr(ResNet18_Weights, "get_state_dict", lambda *_, **__: published)
    config = _config(model, weights="imagenet")
    assert torch.equal(build_model(config, 7).get_parameter("conv1.weight"), published["conv1.weight"])
    assert normalization_for(config) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_without_network_imagenet_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(ResNet18_Weights, "get_state_dict", fail)
    with pytest.raises(ModelError, match="could not be downloaded"):
        build_model(_config("resnet18", weights="imagenet"), 7)
    create = registry.timm.create_model
    monkeypatch.setattr(
        registry.timm, "create_model", lambda *a, pretrained, **k: fail() if pretrained else create(*a, **k)
    )
    with pytest.raises(ModelError, match="could not be downloaded"):
        build_model(_config("timm/resnet18", weights="imagenet"), 7)


def test_normalization_of_random_weights_is_left_to_the_caller() -> None:
    assert normalization_for(_config("resnet18")) is None


def test_normalization_of_timm_weights_is_timms() -> None:
    assert normalization_for(_config("tf_efficientnet_lite0", weights="imagenet")) == ((0.5,) * 3, (0.5,) * 3)


def test_freezing_leaves_only_the_head_to_learn() -> None:
    torch.manual_seed(0)
    model = build_model(_config("torchvision/vgg11_bn"), 7)
    freeze_all_but_head(model)
    learnt = {name for name, value in model.named_parameters() if value.requires_grad}
    assert learnt == head_parameter_names(model) == {"classifier.6.weight", "classifier.6.bias"}


def test_frozen_features_stay_as_they_are_in_training_mode_and_in_copies() -> None:
    torch.manual_seed(0)
    model = build_model(_config("resnet18"), 7)
    freeze_all_but_head(model)
    images = torch.randn(4, 3, 64, 64)
    for network in (model, copy.deepcopy(model)):
        before = network.get_buffer("bn1.running_mean").clone()
        evaluated = network.eval()(images)
        trained = network.train()(images)
        assert network.training
        assert torch.equal(evaluated, trained)
        assert torch.equal(network.get_buffer("bn1.running_mean"), before)
    assert copy.deepcopy(model).train() is not model
