"""Predicts the class of single images with the weights a run left behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from rsdash.data.augmentation import symmetry
from rsdash.data.decoding import decode
from rsdash.errors import RsdashError, RunError
from rsdash.evaluation.saved import read_evaluation
from rsdash.evaluation.trust import UNKNOWN, Trust, trust_from
from rsdash.inference.loading import load_reported
from rsdash.inference.results import Prediction
from rsdash.runs.folder import RunFolder
from rsdash.training.compute import untuned
from rsdash.training.tiles import Tiles

BATCH = 64
SYMMETRIES = 8


class Predictor:
    """A trained model, ready to be asked."""

    def __init__(self, weights_path: Path) -> None:
        """Load a model from its weights and the card inside them, and what its evaluation says of it.

        Raises:
            ModelError: there are no weights, or they are damaged.
        """
        reported = load_reported(weights_path)
        self.card = reported.card
        self.trust = _trust_beside(weights_path)
        self.model, self.device = reported.model, reported.compute.device

    def predict(
        self, images: Sequence[tuple[str, bytes]], *, top: int = 5, symmetries: bool = False
    ) -> list[Prediction]:
        """Say of each image which classes are most probable.

        Args:
            images: file name and content of each.
            top: classes to name.
            symmetries: average over the 8 symmetries of the square.

        Returns:
            One prediction an image in the same order; one that cannot be read carries its error.
        """
        found: list[Prediction] = []
        for start in range(0, len(images), BATCH):
            part = images[start : start + BATCH]
            read = [self.read(name, content) for name, content in part]
            found += self.answer([name for name, _ in part], read, top=top, symmetries=symmetries)
        return found

    def read(self, name: str, content: bytes) -> np.ndarray | str:
        """Decode an image as those that the model was trained on: (side, side, C), or why it cannot be."""
        try:
            return decode(content, name, self.card.data.radiometry, self.card.stored_px)
        except RsdashError as error:
            return str(error)

    def answer(
        self,
        names: Sequence[str],
        read: Sequence[np.ndarray | str],
        *,
        top: int = 5,
        symmetries: bool = False,
    ) -> list[Prediction]:
        """Predictions of images that were read, in their order.

        Args:
            names: of the files.
            read: what `read` made of each; at most BATCH of them fit any memory.
            top: classes to name.
            symmetries: average over the 8 symmetries; distances are those of the images as they are.
        """
        logits = self.logits([pixels for pixels in read if not isinstance(pixels, str)], symmetries)
        raw = softmax(logits.astype(np.float64), axis=2).mean(axis=0)  # (n, K)
        sure = self.trust.confidences(logits).mean(axis=0)
        known = self.trust.familiarity
        far = known.distances(logits[0]) if known else None
        found, row = [], 0
        for name, pixels in zip(names, read, strict=True):
            if isinstance(pixels, str):
                found.append(Prediction(file=name, error=pixels))
                continue
            distance = None if far is None else float(far[row])
            found.append(self._prediction(name, sure[row], raw[row], top, distance))
            row += 1
        return found

    @torch.inference_mode()
    def logits(self, pixels: Sequence[np.ndarray], symmetries: bool = False) -> np.ndarray:
        """Logits of decoded images, each (side, side, C), as evaluation.npz holds them.

        Args:
            pixels: n images.
            symmetries: whether each is seen in all its 8 symmetries, the image as it is first.

        Returns:
            float32 of shape (1 or 8, n, K).
        """
        views = range(SYMMETRIES if symmetries else 1)
        if not pixels:
            return np.empty((len(views), 0, len(self.card.data.classes)), np.float32)
        images = self.prepared(pixels)
        with untuned():  # batches have any size
            found = [self.model(symmetry(images, view)).float() for view in views]
        return torch.stack(found).cpu().numpy()

    def prepared(self, pixels: Sequence[np.ndarray]) -> torch.Tensor:
        """Decoded images as the network takes them, (n, C, im_size, im_size), resized and normalized."""
        count = len(pixels)
        tiles = Tiles(
            np.stack(pixels),
            np.zeros(count, np.int64),
            rows=np.arange(count),
            side_px=self.card.config.im_size,
            scale=self.card.scale,
            device=self.device,
        )
        return tiles.batch(torch.arange(count))[0]

    def _prediction(
        self, name: str, sure: np.ndarray, raw: np.ndarray, top: int, distance: float | None
    ) -> Prediction:
        order = np.argsort(-sure, kind="stable")[:top]
        known = self.trust.familiarity
        return Prediction(
            file=name,
            classes=tuple(self.card.data.classes[label] for label in order.tolist()),
            confidences=tuple(sure[order].tolist()),
            probabilities=tuple(raw[order].tolist()),
            distance=distance,
            unfamiliar=None if known is None or distance is None else distance > known.threshold,
        )


def _trust_beside(weights_path: Path) -> Trust:
    """What the run's evaluation says; nothing is corrected where there is none that can be read."""
    try:
        return trust_from(read_evaluation(RunFolder(weights_path.parent).evaluation_path))
    except RunError:
        return UNKNOWN
