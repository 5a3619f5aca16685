"""One small run, trained to its end once for all tests that look at one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from rsdash.data import add_dataset, open_dataset
from rsdash.evaluation.saved import Evaluation, read_evaluation
from rsdash.inference.predictor import Predictor
from rsdash.jobs.submit import submit
from rsdash.models.catalogue import catalogue_path
from rsdash.runs.folder import RunFolder
from tests.sessions import go_on
from tests.tiny import CLASSES, draw_tile, make_tiles, small_config


@dataclass(frozen=True)
class Trained:
    """A finished run: 40 tiles a class, a fifth each for validation and test."""

    folder: RunFolder
    tiles: Path
    predictor: Predictor
    evaluation: Evaluation
    names: tuple[str, ...]

    @property
    def evaluated(self) -> list[str]:
        """Names of the tiles behind evaluation.npz, in its order."""
        return [self.names[row] for row in self.evaluation.rows]


def confuse(tiles: Path) -> None:
    """Draw every fifth tile as one of the next class, so that no model is always right."""
    for label, name in enumerate(CLASSES):
        for path in sorted((tiles / name).iterdir())[::5]:
            Image.fromarray(draw_tile((label + 1) % 3, 100 + int(path.stem))).save(path)


@cache  # asked by the fixtures of several folders
def train_one(root: Path, surveyed: Path) -> Trained:
    """Train it below `root`; `surveyed` is a catalogue of models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(root / "data"))
        patch.setenv("RSDASH_RUNS", str(root / "runs"))
        catalogue_path().parent.mkdir(parents=True)
        shutil.copy(surveyed, catalogue_path())
        tiles = make_tiles(root / "tiles", per_class=40)
        confuse(tiles)
        add_dataset(tiles)
        shares = {"validation_share": 0.2, "test_share": 0.2}
        config = small_config(data="tiles", epochs=4, learning_rate=0.001, seed=3, **shares)
        folder = submit(config, runs_dir=root / "runs")
        assert go_on(folder)
        names = open_dataset("tiles").manifest.names
    saved = read_evaluation(folder.evaluation_path)
    return Trained(folder, tiles, Predictor(folder.weights_path), saved, names)
