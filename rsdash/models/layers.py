"""What the study's networks share: activations by name and the first weights that go with them."""

from __future__ import annotations

from typing import Literal

from torch import nn

Initialization = Literal["kaiming", "xavier"]
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def initialize(model: nn.Module, how: Initialization) -> None:
    """Set the first weights of every convolution and linear layer; biases start at 0.

    kaiming: normal with variance 2 / fan_in (He, Zhang, Ren and Sun 2015, doi 10.1109/ICCV.2015.123),
    which keeps the size of activations through layers of ReLU. xavier: uniform with variance
    2 / (fan_in + fan_out) (Glorot and Bengio 2010), for sigmoid and tanh.

    Args:
        model: changed in place; draws from torch's global generator.
        how: the rule.
    """
    for module in model.modules():
        if not isinstance(module, (nn.Conv2d, nn.Linear)):
            continue
        if how == "kaiming":
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        else:
            nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
