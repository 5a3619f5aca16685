"""Nearest training tiles: as an independent search finds them, computed once, refused in one sentence."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import nn

from rsdash.errors import DataChangedError, DataNotFoundError, ImageError, RsdashError
from rsdash.inference import neighbours
from rsdash.inference.nearest import SHOWN, Nearest, TrainingFeatures, features_path
from rsdash.inference.neighbours import features, features_layer, nearest_tiles
from rsdash.inference.results import Step
from rsdash.models.registry import build_model
from rsdash.runs.folder import RunFolder
from rsdash.runs.parts import Parts
from tests.tiny import small_config
from tests.trained import Trained


@pytest.fixture
def folder(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """The run, without features of earlier tests; RSDASH_DATA holds its data set."""
    monkeypatch.setenv("RSDASH_DATA", str(trained.tiles.parent / "data"))
    for path in trained.folder.path.glob("features-*"):
        path.unlink()
    return trained.folder


def ask(trained: Trained, name: str) -> tuple[list[Step], Nearest]:
    content = (trained.tiles / name).read_bytes()
    *steps, found = nearest_tiles(trained.predictor, trained.folder, (name, content))
    assert isinstance(found, Nearest)
    return [step for step in steps if isinstance(step, Step)], found


@pytest.mark.parametrize(
    ("model", "layer", "width"),
    [
        ("alexnet", "classifier.head", 4096),
        ("resnet18", "fc", 512),
        ("torchvision/mobilenet_v3_small", "classifier.3", 1024),
        ("torchvision/squeezenet1_1", "", 3),
        ("tf_efficientnet_lite0", "classifier", 1280),
        ("vit_tiny_patch16_224", "head", 192),
    ],
)
def test_features_are_what_goes_into_the_last_layer(model: str, layer: str, width: int) -> None:
    torch.manual_seed(1)
    network = build_model(small_config(model=model, im_size=96, width=1.0, hidden_layers=2), 3).eval()
    images = torch.randn(2, 3, 96, 96)
    found = features_layer(network, images, 3)
    assert found == layer
    seen = features(network, found, images)
    assert seen.shape == (2, width)
    with torch.inference_mode():
        logits = network(images).numpy()
        last = network.get_submodule(found) if layer else nn.Identity()
        assert last(torch.from_numpy(seen)).numpy() == pytest.approx(logits, abs=1e-4)


def test_the_nearest_are_those_of_an_independent_search(trained: Trained, folder: RunFolder) -> None:
    name = trained.evaluated[0]
    steps, found = ask(trained, name)
    rows = Parts.read(folder.split_path).rows["train"]
    assert (found.compared, found.trained_on) == (len(rows), len(rows))
    assert (steps[-1].done, steps[-1].total) == (len(rows), len(rows)) or steps[-1].done == steps[-1].total
    predictor = trained.predictor
    files = [(trained.names[row], (trained.tiles / trained.names[row]).read_bytes()) for row in rows]
    read = [predictor.read(*file) for file in [(name, (trained.tiles / name).read_bytes()), *files]]
    images = predictor.prepared([pixels for pixels in read if not isinstance(pixels, str)])
    numbers = features(predictor.model, found.layer, images).astype(np.float64)
    search = NearestNeighbors(n_neighbors=SHOWN, metric="cosine").fit(numbers[1:])
    distances, places = search.kneighbors(numbers[:1])
    assert [one.distance for one in found.found] == pytest.approx(distances[0].tolist(), abs=1e-3)
    ours = {one.file for one in found.found}
    assert len(ours & {trained.names[rows[place]] for place in places[0]}) >= SHOWN - 1  # near ties
    assert all(one.label == Path(one.file).parent.name for one in found.found)


def test_a_training_tile_is_its_own_nearest_and_the_second_question_needs_no_work(
    trained: Trained, folder: RunFolder
) -> None:
    row = int(Parts.read(folder.split_path).rows["train"][5])
    _, first = ask(trained, trained.names[row])
    assert first.found[0].row == row and first.found[0].distance == pytest.approx(0, abs=1e-3)
    steps, again = ask(trained, trained.names[row])
    assert not steps and again == first


def test_other_weights_let_go_of_the_features(trained: Trained, folder: RunFolder, tmp_path: Path) -> None:
    ask(trained, trained.evaluated[0])
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / folder.id)))
    known = TrainingFeatures.load(copy)
    assert known is not None
    os.utime(copy.weights_path, ns=(1, 1))
    assert TrainingFeatures.load(copy) is None
    known.save(copy)
    assert list(copy.path.glob("features-*")) == [features_path(copy)]
    features_path(copy).write_bytes(b"torn")
    assert TrainingFeatures.load(copy) is None


def test_of_many_tiles_the_same_ones_are_drawn_each_time(
    trained: Trained, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_TILES", 10)
    _, found = ask(trained, trained.evaluated[0])
    first = TrainingFeatures.load(folder)
    assert found.compared == 10 < found.trained_on and first is not None
    features_path(folder).unlink()
    ask(trained, trained.evaluated[0])
    again = TrainingFeatures.load(folder)
    assert again is not None and again.rows.tolist() == first.rows.tolist()
    assert set(first.rows.tolist()) <= set(Parts.read(folder.split_path).rows["train"].tolist())


def test_stopped_it_keeps_nothing_and_lets_go_of_its_turn(trained: Trained, folder: RunFolder) -> None:
    class Turn(contextlib.AbstractContextManager[None]):
        held = 0

        def __enter__(self) -> None:
            self.held += 1

        def __exit__(self, *_: object) -> None:
            self.held -= 1

    turn = Turn()
    content = (trained.tiles / trained.evaluated[0]).read_bytes()
    items = nearest_tiles(trained.predictor, folder, ("a.png", content), turn=turn)
    assert isinstance(next(items), Step) and not turn.held
    items.close()  # pyright: ignore[reportAttributeAccessIssue]  # it is a generator
    assert TrainingFeatures.load(folder) is None


def test_tiles_that_are_gone_or_changed_are_one_sentence(
    trained: Trained, folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(error: type[RsdashError], sentence: str, content: bytes) -> None:
        with pytest.raises(error, match=sentence):
            list(nearest_tiles(trained.predictor, folder, ("a.png", content)))

    content = (trained.tiles / trained.evaluated[0]).read_bytes()
    refused(ImageError, r"a\.png is empty", b"")
    touched = trained.tiles / trained.names[0]
    before = touched.read_bytes()
    touched.write_bytes(content if content != before else b"other")
    try:
        refused(DataChangedError, "1 file of the data set 'tiles' changed", content)
    finally:
        touched.write_bytes(before)
    monkeypatch.setenv("RSDASH_DATA", str(tmp_path))
    refused(DataNotFoundError, "the data set 'tiles' is not here any more", content)
