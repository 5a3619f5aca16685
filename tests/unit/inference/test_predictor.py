"""What a model says of a tile is what it said when it was measured, however the tile arrives."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import softmax

from rsdash.data import add_dataset, open_dataset
from rsdash.evaluation.saved import read_evaluation
from rsdash.evaluation.trust import trust_from
from rsdash.inference.predictor import Predictor
from rsdash.jobs.submit import submit
from rsdash.runs.folder import RunFolder
from tests.sessions import go_on
from tests.tiny import small_config
from tests.trained import Trained

EXACT = 1e-4


def logits_of_files(predictor: Predictor, read: Callable[[str], bytes], names: list[str]) -> np.ndarray:
    pixels = [predictor.read(name, read(name)) for name in names]
    assert not [found for found in pixels if isinstance(found, str)]
    return predictor.logits(pixels)[0]  # pyright: ignore[reportArgumentType]  # no text among them


def test_evaluated_tiles_give_the_logits_that_were_saved(trained: Trained) -> None:
    found = logits_of_files(
        trained.predictor, lambda name: (trained.tiles / name).read_bytes(), trained.evaluated
    )
    assert len(found) == 48
    assert np.abs(found - trained.evaluation.logits).max() < EXACT


@pytest.mark.parametrize("settings", [{"im_size": 63}, {"model": "resnet18", "im_size": 40}])
@pytest.mark.parametrize("size", [(32, 32), (90, 70)])
def test_so_they_do_at_sizes_that_are_enlarged_or_reduced(
    runs_dir, data_place, tmp_path, settings: dict, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(2)
    for name in ("Forest", "Lake"):
        (tmp_path / "tiles" / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tiles" / name / f"{number}.jpg")
    add_dataset(tmp_path / "tiles")
    threads = torch.get_num_threads()
    folder = submit(small_config(data="tiles", epochs=1, batch_size=8, **_known(settings)), runs_dir=runs_dir)
    try:
        assert go_on(folder)
    finally:
        torch.set_num_threads(threads)
    saved, dataset = read_evaluation(folder.evaluation_path), open_dataset("tiles")
    names = [dataset.manifest.names[row] for row in saved.rows]
    found = logits_of_files(
        Predictor(folder.weights_path), lambda name: (tmp_path / "tiles" / name).read_bytes(), names
    )
    assert np.abs(found - saved.logits).max() < EXACT


def _known(settings: dict) -> dict:
    """AlexNet's own settings do not go with a ResNet."""
    return {"width": 1.0, "hidden_layers": 2, **settings} if "model" in settings else settings


def test_confidence_is_calibrated_and_the_raw_softmax_stands_beside_it(trained: Trained) -> None:
    files = [(name, (trained.tiles / name).read_bytes()) for name in trained.evaluated]
    found = trained.predictor.predict(files, top=3)
    trust, classes = trust_from(trained.evaluation), trained.evaluation.classes
    assert trust.temperature != pytest.approx(1, abs=0.01)
    raw = softmax(trained.evaluation.logits.astype(float), axis=1)
    sure = trust.confidences(trained.evaluation.logits)
    for row, prediction in enumerate(found):
        order = [classes.index(name) for name in prediction.classes]
        assert list(prediction.confidences) == sorted(prediction.confidences, reverse=True)
        assert prediction.confidences == pytest.approx(sure[row][order].tolist(), abs=EXACT)
        assert prediction.probabilities == pytest.approx(raw[row][order].tolist(), abs=EXACT)
    assert sum(bool(prediction.unfamiliar) for prediction in found) < 8


def test_answers_beyond_the_threshold_are_flagged(trained: Trained, monkeypatch) -> None:
    trust = trust_from(trained.evaluation)
    assert trust.familiarity is not None and trust.familiarity.role == "validation"
    files = [(name, (trained.tiles / name).read_bytes()) for name in trained.evaluated]
    ordinary = trained.predictor.predict(files)
    expected = trust.familiarity.distances(trained.evaluation.logits)
    assert [found.distance for found in ordinary] == pytest.approx(expected.tolist(), abs=1e-3)
    assert sum(bool(found.unfamiliar) for found in ordinary) / len(ordinary) < 0.15
    strict = replace(trust.familiarity, threshold=float(np.median(expected)))
    monkeypatch.setattr(trained.predictor, "trust", replace(trust, familiarity=strict))
    flags = [found.unfamiliar for found in trained.predictor.predict(files)]
    assert flags == (expected > strict.threshold).tolist() and 20 < sum(map(bool, flags)) < 28


def test_over_the_symmetries_all_views_of_a_tile_get_one_answer(trained: Trained) -> None:
    image = Image.open(trained.tiles / trained.evaluated[0])
    views = []
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.TRANSPOSE)
    for view in (image, *map(image.transpose, turns)):
        buffer = io.BytesIO()
        view.save(buffer, "PNG")
        views.append(("view.png", buffer.getvalue()))
    plain = trained.predictor.predict(views, top=3)
    assert len({prediction.confidences for prediction in plain}) == 3
    first, *others = trained.predictor.predict(views, top=3, symmetries=True)
    pixels = [trained.predictor.read(*view) for view in views[:1]]
    seen = trained.predictor.logits(pixels, True)  # pyright: ignore[reportArgumentType]  # no text among them
    mean = softmax(seen[:, 0].astype(float), axis=1).mean(axis=0)
    assert first.probabilities[0] == pytest.approx(mean.max(), abs=1e-6)
    assert first.distance == pytest.approx(plain[0].distance)
    for other in others:
        assert other.classes == first.classes
        # enlarging rounds to whole levels, in another order in each view
        assert other.confidences == pytest.approx(first.confidences, abs=2e-3)


def test_without_an_evaluation_confidence_is_what_the_model_says(trained: Trained, tmp_path) -> None:
    lonely = RunFolder(tmp_path / trained.folder.id)
    lonely.path.mkdir()
    lonely.weights_path.write_bytes(trained.folder.weights_path.read_bytes())
    name = trained.evaluated[0]
    (prediction,) = Predictor(lonely.weights_path).predict([(name, (trained.tiles / name).read_bytes())])
    assert prediction.confidences == prediction.probabilities
    assert (prediction.distance, prediction.unfamiliar) == (None, None)
