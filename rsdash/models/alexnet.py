"""The study's AlexNet and the switches that change it one thing at a time."""

from __future__ import annotations

import math
from collections import OrderedDict

from torch import Tensor, nn

from rsdash.config import RunConfig
from rsdash.models.catalogue import check_image_size
from rsdash.models.geometry import FIRST_STRIDE, POOLED_LAYERS, convolution_padding
from rsdash.models.layers import ACTIVATIONS, initialize
from rsdash.models.lrn import LocalResponseNorm

CHANNELS = (96, 256, 384, 384, 256)
HIDDEN_UNITS = 4096
GRID = 6
"""Side of the feature map that the classifier reads."""

LRN_LAYERS = (1, 2)


class AlexNet(nn.Module):
    """AlexNet (Krizhevsky, Sutskever and Hinton 2012) as the study describes it, in one column.

    Convolutions 11x11 (stride 4, padding 2), 5x5 and three 3x3 with 96-256-384-384-256 channels, all
    ungrouped; each is followed by its activation, the first two by Local Response Normalization
    (n = 5, k = 2, beta = 0.75, the paper's alpha = 1e-4 on the sum), numbers 1, 2 and 5 by 3x3 pooling
    at stride 2; adaptive average pooling to 6x6; dropout before each of the hidden layers of
    4096; K outputs without softmax. 58,322,314 parameters at K = 10.

    `norm=batch` puts batch normalization between every convolution and its activation (Ioffe and
    Szegedy 2015), in place of the convolution's bias. The first weights
    are Kaiming's with ReLU and Xavier's with sigmoid and tanh (see `initialize`): on 1,600 EuroSAT
    tiles with Table 1's rate, batch and size, the first epoch ends at a hold-out accuracy of 0.24 and
    0.21 with Kaiming's (seeds 0 and 1), at 0.11, which is chance, with torch's default (seed 0).

    Args:
        config: its fields norm, activation, pooling, overlapping_pooling, dropout, hidden_layers, width,
            kernel_sizes and im_size are read.
        num_classes: number K of outputs.

    Raises:
        ModelError: the images are too small for the pools.
    """

    def __init__(self, config: RunConfig, num_classes: int) -> None:
        super().__init__()
        check_image_size(config)
        layers: list[tuple[str, nn.Module]] = []
        in_channels = 3
        for layer, channels in enumerate(CHANNELS, start=1):
            out_channels = _scaled(channels, config.width)
            layers += _convolution(layer, in_channels, out_channels, config)
            in_channels = out_channels
        self.features = nn.Sequential(OrderedDict(layers))
        self.grid = nn.AdaptiveAvgPool2d(GRID)
        self.classifier = _classifier(in_channels * GRID**2, num_classes, config)
        initialize(self, "kaiming" if config.activation == "relu" else "xavier")

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, K) of normalized images (N, 3, H, W)."""
        features = self.grid(self.features(images))  # (N, 256, 6, 6)
        return self.classifier(features.flatten(1))


def _convolution(
    layer: int, in_channels: int, out_channels: int, config: RunConfig
) -> list[tuple[str, nn.Module]]:
    """Convolution `layer` (1 to 5) with all that follows it up to the next one."""
    kernel = config.kernel_sizes[layer - 1]
    norm = "lrn" if config.norm == "default" else config.norm
    convolution = nn.Conv2d(
        in_channels,
        out_channels,
        kernel,
        stride=FIRST_STRIDE if layer == 1 else 1,
        padding=convolution_padding(layer, kernel),
        bias=norm != "batch",
    )
    parts: list[tuple[str, nn.Module]] = [(f"conv{layer}", convolution)]
    if norm == "batch":
        parts.append((f"norm{layer}", nn.BatchNorm2d(out_channels)))
    parts.append((f"activation{layer}", ACTIVATIONS[config.activation]()))
    if norm == "lrn" and layer in LRN_LAYERS:
        parts.append((f"norm{layer}", LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)))
    if layer in POOLED_LAYERS:
        pool = nn.MaxPool2d if config.pooling == "max" else nn.AvgPool2d
        parts.append((f"pool{layer}", pool(3 if config.overlapping_pooling else 2, stride=2)))
    return parts


def _classifier(inputs: int, num_classes: int, config: RunConfig) -> nn.Sequential:
    units = _scaled(HIDDEN_UNITS, config.width)
    layers: list[tuple[str, nn.Module]] = []
    for layer in range(1, config.hidden_layers + 1):
        layers += [
            (f"dropout{layer}", nn.Dropout(config.dropout)),
            (f"hidden{layer}", nn.Linear(inputs, units)),
            (f"activation{layer}", ACTIVATIONS[config.activation]()),
        ]
        inputs = units
    layers.append(("head", nn.Linear(inputs, num_classes)))
    return nn.Sequential(OrderedDict(layers))


def _scaled(channels: int, width: float) -> int:
    return max(1, math.floor(channels * width + 0.5))
