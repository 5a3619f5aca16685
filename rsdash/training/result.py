"""What a run leaves behind: its weights with a model card, and logits from exactly those weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.errors import storage_errors
from rsdash.files import write_atomic
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import forget_further
from rsdash.runs.records import DataReference
from rsdash.training.compute import Compute
from rsdash.training.measure import measure_logits
from rsdash.training.tiles import PixelScale, Tiles

CARD_KEY = "rsdash"


@dataclass(frozen=True)
class ModelCard:
    """What is needed to use a model's weights: stored as JSON in the metadata of model.safetensors.

    Attributes:
        run_id: run that trained it.
        config: settings of that run, which fix structure and input size.
        data: data set, classes and split it was trained on.
        scale: normalization of pixels on [0, 1].
        stored_px: side to which images are brought before they are resized to `im_size`.
        parameters: trainable numbers in the network.
    """

    run_id: str
    config: RunConfig
    data: DataReference
    scale: PixelScale
    stored_px: int
    parameters: int

    def to_metadata(self) -> dict[str, str]:
        """The card as safetensors metadata."""
        card = {
            "run_id": self.run_id,
            "config": self.config.model_dump(mode="json"),
            "data": self.data.model_dump(mode="json"),
            "scale": asdict(self.scale),
            "stored_px": self.stored_px,
            "parameters": self.parameters,
        }
        return {CARD_KEY: json.dumps(card)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelCard:
        """The card that `to_metadata` wrote."""
        card: dict[str, Any] = json.loads(metadata[CARD_KEY])
        scale = PixelScale(tuple(card["scale"]["mean"]), tuple(card["scale"]["std"]))
        config, data = RunConfig(**card["config"]), DataReference(**card["data"])
        return cls(card["run_id"], config, data, scale, card["stored_px"], card["parameters"])


class NewResult:
    """Weights and their evaluation apart from those that a run has, until both are complete."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.weights = folder.new_path / folder.weights_path.name
        self.evaluation = folder.new_path / folder.evaluation_path.name

    def replace_old(self) -> None:
        """Put both in the place of the old ones, whose further evaluations are deleted.

        Raises:
            StorageError: the place cannot be written.
        """
        with storage_errors(self._folder.path):
            self.weights.replace(self._folder.weights_path)
            self.evaluation.replace(self._folder.evaluation_path)
        forget_further(self._folder)


@contextmanager
def new_result(folder: RunFolder) -> Iterator[NewResult]:
    """Where to write a run's result; what is left there at the end is deleted.

    Raises:
        StorageError: the place cannot be written.
    """
    with storage_errors(folder.path):
        folder.new_path.mkdir(exist_ok=True)
    try:
        yield NewResult(folder)
    finally:
        shutil.rmtree(folder.new_path, ignore_errors=True)


def save_weights(path: Path, weights: Mapping[str, torch.Tensor], card: ModelCard) -> None:
    """Write model.safetensors.

    Raises:
        StorageError: the disk is full.
    """
    plain = {  # a copy each, as some networks use one tensor under two names, which safetensors refuses
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in weights.items()
    }
    content = safetensors.torch.save(plain, metadata=card.to_metadata())
    write_atomic(path, lambda file: file.write(content))


def save_evaluation(
    path: Path,
    model: nn.Module,
    tiles: Mapping[str, Tiles],
    compute: Compute,
    *,
    classes: tuple[str, ...],
    on_batch: Callable[[], None],
) -> None:
    """Write evaluation.npz from the weights that `model` holds, computed in fp32.

    The arrays are `logits` (float32, (n, K)), `labels` (int64, (n,)), `rows` (int64, (n,), rows of the
    data set's manifest), `roles` (text, (n,)) and `classes` (text, (K,)).

    Args:
        path: where to write.
        model: network with the reported weights.
        tiles: role → images.
        compute: device.
        classes: class names in label order.
        on_batch: called before each batch; may raise to leave.

    Raises:
        StorageError: the disk is full.
    """
    exact = compute.in_fp32()
    logits = [measure_logits(model, part, exact, on_batch=on_batch) for part in tiles.values()]
    arrays: dict[str, Any] = {
        "logits": np.concatenate(logits),
        "labels": np.concatenate([part.labels for part in tiles.values()]),
        "rows": np.concatenate([part.rows for part in tiles.values()]),
        "roles": np.concatenate([np.full(len(part), role) for role, part in tiles.items()]),
        "classes": np.array(classes),
    }
    write_atomic(path, lambda file: np.savez_compressed(file, **arrays))
