"""The models that the service keeps in memory, and whose turn it is to compute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from rsdash.data.loose import LooseImages
from rsdash.inference.many import predict_place
from rsdash.inference.nearest import Nearest
from rsdash.inference.neighbours import nearest_tiles
from rsdash.inference.predictor import Predictor
from rsdash.inference.results import PredictedPart, PredictedPlace, Step
from rsdash.inference.scenes.mapper import map_scene
from rsdash.inference.scenes.record import MapRecord, MapRule, MapStep
from rsdash.inference.telling import told
from rsdash.runs.folder import RunFolder

MODELS_KEPT = 4
"""As many as the Predict page puts side by side."""

Answer = TypeVar("Answer")


class LoadedModels:
    """The models that were asked last; one computes at a time."""

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[str, int, int], Predictor] = OrderedDict()
        self.turn = threading.RLock()

    def ask(self, run: Path, question: Callable[[Predictor], Answer]) -> Answer:
        """Put a question to a run's model, loading it where need be.

        Raises:
            RsdashError: the run has no weights, or the question does not fit.
        """
        with self.turn:
            return question(self._model(run))

    def over_place(
        self, run: Path, place: Path, *, top: int, symmetries: bool
    ) -> Iterator[PredictedPart | PredictedPlace]:
        """Predict a folder or zip; others get their turn after each part.

        Raises:
            RsdashError: the run has no weights, or the place cannot be read.
        """
        with self.turn:
            model = self._model(run)
        yield from predict_place(model, place, top=top, symmetries=symmetries, turn=self.turn)

    def over_scene(self, run: Path, scene: Path, rule: MapRule) -> Iterator[MapStep | MapRecord]:
        """Map a scene; others get their turn after each batch of windows.

        Raises:
            RsdashError: the run has no weights, or the scene cannot be mapped so.
        """

        def load(_: object) -> Predictor:
            with self.turn:
                return self._model(run)

        model = yield from told(load, MapStep(done=0, total=0, words="loading the model"))
        name = RunFolder(run).about().name
        yield from map_scene(model, scene, rule, run_name=name, turn=self.turn)

    def nearest(self, run: Path, place: Path, name: str) -> Iterator[Step | Nearest]:
        """Find the training tiles nearest to an image of a place; others get their turn after each batch.

        Raises:
            RsdashError: the run has no weights, or the image or the training tiles cannot be read.
        """
        with self.turn:
            model = self._model(run)
        image = name, LooseImages(place).read(name)
        yield from nearest_tiles(model, RunFolder(run), image, turn=self.turn)

    def _model(self, run: Path) -> Predictor:
        folder = RunFolder(run)
        path = folder.weights_path
        key = (str(path), _written_at(path), _written_at(folder.evaluation_path))
        if key not in self._models:
            self._models[key] = Predictor(path)
        self._models.move_to_end(key)
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)
        return self._models[key]


def _written_at(path: Path) -> int:
    """Changes with the file; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
