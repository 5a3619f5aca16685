"""ResNet18, 34 and 50 as torchvision builds them, with the switches that take their ideas away."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from rsdash.config import RunConfig
from rsdash.models.layers import ACTIVATIONS, initialize

DEPTHS = {"resnet18": [2, 2, 2, 2], "resnet34": [3, 4, 6, 3], "resnet50": [3, 4, 6, 3]}
"""Blocks in each of the four stages (He, Zhang, Ren and Sun 2016, doi 10.1109/CVPR.2016.90, table 1)."""


class PlainBasicBlock(BasicBlock):
    """The two convolutions of a BasicBlock without the connection around them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.downsample = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) to (N, C, H / stride, W / stride)."""
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


class PlainBottleneck(Bottleneck):
    """The three convolutions of a Bottleneck without the connection around them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.downsample = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) to (N, 4 C, H / stride, W / stride)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)))


def build_resnet(config: RunConfig, num_classes: int) -> ResNet:
    """Build the study's ResNet; with default settings it is torchvision's, parameter names included.

    `skip=false` leaves the plain network of the same depth, with neither connections nor the 1x1
    convolutions on them; batch normalization stays. `norm=none` takes batch normalization out, its
    shift included, so that no convolution has a bias. `activation` takes the place of every ReLU; with
    sigmoid and tanh the first weights are Xavier's.

    Args:
        config: its fields model, skip, norm and activation are read.
        num_classes: number K of outputs.
    """
    bottleneck = config.model == "resnet50"
    if config.skip:
        block = Bottleneck if bottleneck else BasicBlock
    else:
        block = PlainBottleneck if bottleneck else PlainBasicBlock
    norm_layer = _no_norm if config.norm == "none" else nn.BatchNorm2d
    model = ResNet(block, DEPTHS[config.model], num_classes=num_classes, norm_layer=norm_layer)
    if config.activation != "relu":
        for module in model.modules():
            if hasattr(module, "relu"):
                module.relu = ACTIVATIONS[config.activation]()
        initialize(model, "xavier")
    return model


def _no_norm(channels: int) -> nn.Module:
    return nn.Identity()
