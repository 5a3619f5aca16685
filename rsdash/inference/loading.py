"""The weights that a run left behind, and the card inside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from rsdash.errors import ModelError
from rsdash.models.registry import build_model
from rsdash.training.compute import Compute, choose_compute
from rsdash.training.result import ModelCard


@dataclass(frozen=True)
class Reported:
    """A run's reported weights, loaded.

    Attributes:
        card: what they were trained for.
        model: in evaluation mode, on the device, channels last.
        compute: that device, in fp32.
    """

    card: ModelCard
    model: nn.Module
    compute: Compute


def load_reported(weights_path: Path) -> Reported:
    """Load a model from its weights and the card inside them, onto the best device there is.

    Raises:
        ModelError: there are no weights, or they are damaged.
    """
    card = read_card(weights_path)
    config = card.config.model_copy(update={"weights": "random", "device": "auto"})
    compute = choose_compute(config).in_fp32()
    model = build_model(config, len(card.data.classes), card.data.radiometry)
    try:
        model.load_state_dict(safetensors.torch.load_file(weights_path))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise ModelError(f"{weights_path} does not hold the weights its card describes.") from error
    model = model.to(compute.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword pair
    return Reported(card, model.eval(), compute)


def read_card(weights_path: Path) -> ModelCard:
    """The model card inside a file of weights.

    Raises:
        ModelError: the file is missing, damaged or carries no card.
    """
    if not weights_path.is_file():
        raise ModelError(
            f"{weights_path.parent.name} has no weights yet; let it finish, or stop it to keep them."
        )
    try:
        with safetensors.safe_open(weights_path, framework="pt") as file:
            return ModelCard.from_metadata(file.metadata() or {})
    except (safetensors.SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{weights_path} is damaged or was not written by rsdash.") from error
