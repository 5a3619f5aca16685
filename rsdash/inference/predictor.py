"""Predicts the class of single images with the weights a run left behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from rsdash.data.decoding import decode
from rsdash.errors import RsdashError
from rsdash.inference.loading import load_reported
from rsdash.inference.results import Prediction
from rsdash.training.tiles import Tiles

BATCH = 64


class Predictor:
    """A trained model, ready to be asked."""

    def __init__(self, weights_path: Path) -> None:
        """Load a model from its weights and the card inside them.

        Raises:
            ModelError: there are no weights, or they are damaged.
        """
        reported = load_reported(weights_path)
        self.card = reported.card
        self._compute, self._model = reported.compute, reported.model

    def predict(self, images: Sequence[tuple[str, bytes]], *, top: int = 5) -> list[Prediction]:
        """Say of each image which classes are most probable.

        Args:
            images: file name and content of each.
            top: classes to name.

        Returns:
            One prediction an image in the same order; one that cannot be read carries its error.
        """
        found: list[Prediction] = []
        for start in range(0, len(images), BATCH):
            found += self._predict_batch(images[start : start + BATCH], top)
        return found

    def _predict_batch(self, images: Sequence[tuple[str, bytes]], top: int) -> list[Prediction]:
        pixels, errors = {}, {}
        for position, (name, content) in enumerate(images):
            try:
                pixels[position] = decode(content, name, self.card.data.radiometry, self.card.stored_px)
            except RsdashError as error:
                errors[position] = str(error)
        probabilities = dict(zip(pixels, self._probabilities(list(pixels.values())), strict=True))
        return [
            Prediction(file=name, error=errors[position])
            if position in errors
            else self._prediction(name, probabilities[position], top)
            for position, (name, _) in enumerate(images)
        ]

    @torch.inference_mode()
    def _probabilities(self, pixels: list) -> torch.Tensor:
        """Softmax over classes, (n, K), of decoded images, each (side, side, C)."""
        if not pixels:
            return torch.empty(0, len(self.card.data.classes))
        stack = np.stack(pixels)
        count = len(pixels)
        tiles = Tiles(
            stack,
            torch.zeros(count, dtype=torch.int64).numpy(),
            rows=torch.arange(count).numpy(),
            side_px=self.card.config.im_size,
            scale=self.card.scale,
            device=self._compute.device,
        )
        images, _ = tiles.batch(torch.arange(count))
        return self._model(images).float().softmax(1).cpu()

    def _prediction(self, name: str, probabilities: torch.Tensor, top: int) -> Prediction:
        values, labels = probabilities.topk(min(top, len(probabilities)))
        classes = tuple(self.card.data.classes[label] for label in labels.tolist())
        return Prediction(file=name, classes=classes, probabilities=tuple(values.tolist()))
