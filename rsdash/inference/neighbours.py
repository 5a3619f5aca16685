"""Which training tiles a model sees most like an image: by the angle between the inputs of its last layer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import nn

from rsdash.data import Dataset, missing_bytes, open_dataset
from rsdash.errors import ImageError
from rsdash.inference.nearest import Nearest, Neighbour, TrainingFeatures, training_data, unit_length
from rsdash.inference.opening import decoded_pixels
from rsdash.inference.predictor import BATCH, Predictor
from rsdash.inference.results import Step
from rsdash.runs.folder import RunFolder
from rsdash.runs.parts import Parts

MOST_TILES = 5_000
"""Training tiles looked at; of more, so many are drawn, the same ones each time."""

Turn = AbstractContextManager[object]


def nearest_tiles(
    predictor: Predictor, folder: RunFolder, image: tuple[str, bytes], *, turn: Turn | None = None
) -> Iterator[Step | Nearest]:
    """Find the training tiles nearest to an image; their features are computed once and kept.

    Args:
        predictor: the run's model.
        folder: the run.
        image: file name and content.
        turn: held while the network works, so that others get theirs between two batches.

    Yields:
        How far it is in tiles decoded and looked at, where features are missing; the nearest at the end.

    Raises:
        ImageError: the image cannot be read.
        DataError: the training tiles are gone or changed.
        StorageError: the disk is full.
    """
    turn = turn or contextlib.nullcontext()
    pixels = predictor.read(*image)
    if isinstance(pixels, str):
        raise ImageError(pixels)
    dataset = open_dataset(training_data(predictor.card.data).name)
    manifest = dataset.manifest
    known = TrainingFeatures.load(folder)
    if known is None:
        known = yield from _computed(predictor, folder, dataset, turn)
        known.save(folder)
    with turn:
        feature = features(predictor.model, known.layer, predictor.prepared([pixels]))[0]
    rows, distances = known.nearest(feature)
    found = [
        Neighbour(
            row=row, file=manifest.names[row], label=manifest.classes[manifest.labels[row]], distance=far
        )
        for row, far in zip(rows.tolist(), distances.tolist(), strict=True)
    ]
    trained_on = len(Parts.read(folder.split_path).rows["train"])
    yield Nearest(layer=known.layer, compared=len(known.rows), trained_on=trained_on, found=tuple(found))


@torch.inference_mode()
def features_layer(model: nn.Module, images: torch.Tensor, classes: int) -> str:
    """Name of the linear layer, carried out last, that makes the logits of features; empty without one.

    Args:
        model: network in evaluation mode.
        images: some as it takes them, (B, C, side, side).
        classes: number of logits.
    """
    carried_out: list[str] = []

    def noting(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def look(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            if inputs[0].ndim == 2:
                carried_out.append(name)

        return look

    with contextlib.ExitStack() as hooks:
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear) and module.out_features == classes:
                hooks.enter_context(module.register_forward_pre_hook(noting(name)))
        model(images)
    return carried_out[-1] if carried_out else ""


@torch.inference_mode()
def features(model: nn.Module, layer: str, images: torch.Tensor) -> np.ndarray:
    """What goes into a layer for each image, float32 (B, D); the logits where `layer` is empty.

    Args:
        model: network in evaluation mode.
        layer: as `features_layer` names it.
        images: (B, C, side, side).
    """
    if not layer:
        return model(images).float().cpu().numpy()
    seen: list[torch.Tensor] = []

    def look(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0])

    with model.get_submodule(layer).register_forward_pre_hook(look):
        model(images)
    return seen[-1].float().cpu().numpy()


def _computed(
    predictor: Predictor, folder: RunFolder, dataset: Dataset, turn: Turn
) -> Generator[Step, None, TrainingFeatures]:
    """The features of the training tiles, or of some drawn from them, in the order of their rows."""
    card = predictor.card
    dataset.verify(card.data.fingerprint)
    rows = _drawn(Parts.read(folder.split_path).rows["train"])
    waits = missing_bytes(dataset.manifest, card.stored_px, card.data.radiometry) > 0
    ahead = len(dataset.manifest) if waits else 0
    pixels = yield from decoded_pixels(dataset, card, ahead + len(rows))
    layer, found = None, []
    for start in range(0, len(rows), BATCH):
        with turn, torch.inference_mode():
            images = predictor.prepared([pixels[row] for row in rows[start : start + BATCH].tolist()])
            if layer is None:
                layer = features_layer(predictor.model, images, len(card.data.classes))
            found.append(unit_length(features(predictor.model, layer, images)).astype(np.float16))
        yield Step(done=ahead + start + len(images), total=ahead + len(rows))
    return TrainingFeatures(layer or "", rows, np.concatenate(found))


def _drawn(rows: np.ndarray) -> np.ndarray:
    """All rows, or MOST_TILES of them, in order."""
    if len(rows) <= MOST_TILES:
        return np.sort(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_TILES, replace=False))
