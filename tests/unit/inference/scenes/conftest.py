"""A small model of EuroSAT's ten classes, trained once, that scenes of these tests are mapped with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsdash.models.catalogue import catalogue_path
from tests.scenes import LAND_CLASSES, land_tile

PER_CLASS = 40


@pytest.fixture(scope="session")
def mapper(surveyed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Its Predictor; trained for some seconds on 40 tiles a class."""
    import torch  # most tests of this folder do without

    from rsdash.data import add_dataset
    from rsdash.inference.predictor import Predictor
    from rsdash.jobs.submit import submit
    from tests.sessions import go_on
    from tests.tiny import small_config

    root, threads = tmp_path_factory.mktemp("mapper"), torch.get_num_threads()
    for label, name in enumerate(LAND_CLASSES):
        (root / "land" / name).mkdir(parents=True)
        for number in range(PER_CLASS):
            Image.fromarray(np.ascontiguousarray(land_tile(label, number))).save(
                root / "land" / name / f"{number:02}.png"
            )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(root / "data"))
        catalogue_path().parent.mkdir(parents=True)
        shutil.copy(surveyed, catalogue_path())
        add_dataset(root / "land")
        shares = {"validation_share": 0.2, "test_share": 0.1}
        config = small_config(data="land", im_size=64, epochs=12, learning_rate=0.001, seed=1, **shares)
        folder = submit(config, runs_dir=root / "runs")
        assert go_on(folder)
    yield Predictor(folder.weights_path)
    torch.set_num_threads(threads)
