"""What an epoch leaves besides its means: confusion, answers to probe tiles, filters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch import nn

from rsdash.training.confusion import MOST_CLASSES_IN_FULL, TOP, confusion_counts
from rsdash.training.filters import FilterFile
from rsdash.training.probes import MOST_TILES, choose_probes, probe_answers
from rsdash.training.step_clock import StepClock


def draw(images: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(images, classes)), generator.integers(0, classes, images)


def test_counts_are_those_of_the_confusion_matrix() -> None:
    logits, labels = draw(200, 10)
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(10))
    found = np.zeros((10, 10), int)
    for truth, answer, images in confusion_counts(logits, labels):
        assert images > 0
        found[truth, answer] += images
    assert (found == expected).all()


def test_of_many_classes_the_commonest_answers_and_the_right_one_are_kept() -> None:
    classes = MOST_CLASSES_IN_FULL + 1
    logits, labels = draw(30_000, classes)
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(classes))
    rows = confusion_counts(logits, labels)
    assert len(rows) <= (TOP + 1) * classes
    for label in range(classes):
        own = {answer: images for truth, answer, images in rows if truth == label}
        assert own[label] == expected[label, label]
        assert all(own[answer] == expected[label, answer] for answer in own)
        assert sorted(own.values())[-TOP:] == sorted(expected[label])[-TOP:]


@pytest.mark.parametrize(("classes", "tiles"), [(3, 6), (10, 20), (15, 15), (45, MOST_TILES)])
def test_probes_are_a_few_of_each_class_and_always_the_same(classes: int, tiles: int) -> None:
    labels = draw(2000, classes)[1]
    rows, names = np.arange(2000) + 100, [f"{n}.png" for n in range(2000)]
    probes = choose_probes(labels, rows, names)
    assert len(probes.positions) == tiles == len(set(probes.positions.tolist()))
    counts = np.bincount(probes.labels, minlength=classes)
    assert counts.max() - counts[counts > 0].min() == 0
    assert (labels[probes.positions] == probes.labels).all()
    assert probes.rows == tuple(int(position) + 100 for position in probes.positions)
    assert probes.names == tuple(f"{position}.png" for position in probes.positions)
    assert choose_probes(labels, rows, names).names == probes.names


def test_a_class_without_enough_images_gives_what_it_has() -> None:
    probes = choose_probes(np.array([0, 2, 2, 2]), np.arange(4), list("abcd"))
    assert probes.names == ("a", "b", "c")
    assert len(choose_probes(np.empty(0, int), np.empty(0, int), []).names) == 0


def test_answers_are_softmax_of_the_tiles_logits_and_hold_the_true_class() -> None:
    logits, labels = draw(50, 10)
    probes = choose_probes(labels, np.arange(50), [str(n) for n in range(50)])
    shares = torch.softmax(torch.from_numpy(logits), 1).numpy()
    for position, label, answer in zip(
        probes.positions, probes.labels, probe_answers(probes, logits), strict=True
    ):
        likeliest = np.argsort(-shares[position])[:5].tolist()
        assert [k for k, _ in answer][:5] == likeliest
        assert label in [k for k, _ in answer]
        for k, share in answer:
            assert share == pytest.approx(shares[position, int(k)], abs=6e-5)


def test_the_filter_file_keeps_the_first_and_follows_the_latest(tmp_path: Path) -> None:
    layer = nn.Conv2d(4, 6, 3)
    model = nn.Sequential(layer, nn.ReLU(), nn.Conv2d(6, 2, 1))
    path, first = tmp_path / "filters.npz", layer.weight.detach().clone()
    file = FilterFile(path, model)
    assert not path.exists()
    with torch.no_grad():
        layer.weight.add_(1.0)
    file.write(7)
    with torch.no_grad():
        layer.weight.add_(1.0)
    file.write(8)  # too soon
    with np.load(path) as saved:
        assert saved["step"] == 7 and saved["latest"].shape == (6, 4, 3, 3)
        assert np.allclose(saved["initial"], first.numpy(), atol=1e-3)
        assert np.allclose(saved["latest"], first.numpy() + 1, atol=2e-3)
    file.write(9, force=True)
    with np.load(path) as saved:
        assert saved["step"] == 9 and np.allclose(saved["latest"], first.numpy() + 2, atol=2e-3)
    assert list(tmp_path.iterdir()) == [path]


def test_a_network_without_convolutions_writes_no_filters(tmp_path: Path) -> None:
    FilterFile(tmp_path / "filters.npz", nn.Linear(2, 2)).write(1, force=True)
    assert not list(tmp_path.iterdir())


def test_the_clock_counts_waiting_apart_and_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 10.0, 11.0, 13.0, 13.0, 14.0, 20.0, 20.0])
    monkeypatch.setattr("rsdash.training.step_clock.time.perf_counter", lambda: next(now))
    clock = StepClock(torch.device("cpu"))  # 0
    clock.start()  # 10
    with clock.batch():  # 11 to 13
        pass
    with clock.batch():  # 13 to 14
        pass
    assert clock.lap()() == (10.0, 3.0)  # 20
