"""Predicts all images of a folder or zip, a part at a time: memory does not grow with their number."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from rsdash.data.loose import LooseImages
from rsdash.data.parallel import map_in_order
from rsdash.errors import RsdashError
from rsdash.inference.predictor import BATCH, Predictor
from rsdash.inference.results import PredictedPart, PredictedPlace


def predict_place(
    predictor: Predictor,
    place: Path,
    *,
    top: int = 5,
    symmetries: bool = False,
    turn: AbstractContextManager[object] | None = None,
) -> Iterator[PredictedPart | PredictedPlace]:
    """Predict every file; those that cannot be read carry their error, and the rest goes on.

    Files are read and decoded by a few threads, a little ahead of the network.

    Args:
        predictor: whom to ask.
        place: an image, a folder or a zip; it is read in place.
        top: classes to name.
        symmetries: average over the 8 symmetries.
        turn: held while the network works, so that others get theirs between two parts.

    Yields:
        Predictions in the order of the names, at most BATCH at a time, and a summary at the end.

    Raises:
        DataError: nothing is there, or the zip is damaged or no safe one.
    """
    images = LooseImages(place)

    def read(name: str) -> np.ndarray | str:
        try:
            return predictor.read(name, images.read(name))
        except RsdashError as error:
            return str(error)

    refused, done, total = 0, 0, len(images.names)
    ahead = map_in_order(read, images.names)
    with contextlib.closing(ahead):  # pyright: ignore[reportArgumentType]  # it is a generator
        for start in range(0, total, BATCH):
            names = images.names[start : start + BATCH]
            decoded = [next(ahead) for _ in names]
            with turn or contextlib.nullcontext():
                found = predictor.answer(names, decoded, top=top, symmetries=symmetries)
            refused += sum(bool(prediction.error) for prediction in found)
            done += len(found)
            yield PredictedPart(done=done, total=total, found=tuple(found))
    yield PredictedPlace(images=total, refused=refused)
