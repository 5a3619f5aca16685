"""The figures against scikit-learn, statsmodels and counting by hand; damaged files are named as such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from rsdash.errors import RunError
from rsdash.evaluation.figures import figures_for, headline
from rsdash.evaluation.roles import Role, measured_roles
from rsdash.evaluation.saved import Evaluation, read_evaluation

CLASSES = ("Forest", "Lake", "River", "Road")


def evaluation(count: int = 200, *, seed: int = 0, role: str = "held-out") -> Evaluation:
    """Logits that are right in part, with classes of unequal size."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, size=count, p=[0.5, 0.3, 0.15, 0.05])
    logits = rng.normal(size=(count, 4)).astype(np.float32)
    logits[np.arange(count), labels] += 1.0
    return Evaluation(logits, labels, np.arange(count), np.full(count, role), CLASSES)


def by_hand(labels: list[int], predicted: list[int]) -> Evaluation:
    logits = np.eye(4, dtype=np.float32)[predicted] * 3
    count = len(labels)
    return Evaluation(logits, np.array(labels), np.arange(count), np.full(count, "held-out"), CLASSES)


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    part = evaluation(seed=seed)
    figures = figures_for(part)
    predicted = part.logits.argmax(axis=1)
    assert figures.accuracy == pytest.approx(metrics.accuracy_score(part.labels, predicted), abs=1e-12)
    assert figures.average_accuracy == pytest.approx(
        metrics.balanced_accuracy_score(part.labels, predicted), abs=1e-12
    )
    assert figures.macro_f1 == pytest.approx(
        metrics.f1_score(part.labels, predicted, average="macro"), abs=1e-12
    )
    assert figures.kappa == pytest.approx(metrics.cohen_kappa_score(part.labels, predicted), abs=1e-12)
    probabilities = softmax(part.logits.astype(float), axis=1)
    assert figures.loss == pytest.approx(metrics.log_loss(part.labels, probabilities), rel=1e-9)
    assert (figures.confusion == metrics.confusion_matrix(part.labels, predicted)).all()


@pytest.mark.parametrize(("right", "count"), [(0, 8), (8, 8), (5, 8), (150, 200), (1, 1)])
def test_the_interval_is_wilsons(right: int, count: int) -> None:
    part = by_hand([0] * count, [0] * right + [1] * (count - right))
    figures = figures_for(part)
    low, high = proportion_confint(right, count, alpha=0.05, method="wilson")
    interval = figures.intervals["accuracy"]
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
    assert figures.accuracy_half_width == pytest.approx((high - low) / 2, abs=1e-9)


def test_classes_that_do_not_occur_do_not_dilute_the_means() -> None:
    figures = figures_for(by_hand([0, 0, 1, 1], [0, 0, 1, 2]))
    assert figures.average_accuracy == 0.75  # Forest 1, Lake 1/2
    assert figures.macro_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)  # River is predicted, but never right
    assert figures.confusion.tolist() == [[2, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_kappa_of_a_single_class_is_0_rather_than_a_division_by_0() -> None:
    assert figures_for(by_hand([0, 0, 0], [0, 0, 0])).kappa == 0.0


def test_the_loss_of_hopeless_logits_is_finite() -> None:
    part = by_hand([0, 1], [1, 0])
    huge = Evaluation(part.logits * 1e4, part.labels, part.rows, part.roles, CLASSES)
    assert figures_for(huge).loss == pytest.approx(3e4)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["held-out", "validation selected on"], "held-out"),
        (["validation selected on", "given test"], "given test"),
        (["validation", "validation selected on"], "validation"),
        (["validation selected on"], "validation selected on"),
    ],
)
def test_the_headline_is_of_the_most_trustworthy_images(roles: list[str], expected: str) -> None:
    parts = [evaluation(30, seed=number, role=role) for number, role in enumerate(roles)]
    whole = Evaluation(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.roles for part in parts]),
        CLASSES,
    )
    chosen = headline(whole)
    assert (chosen.role, chosen.images) == (expected, 30)
    assert chosen.accuracy == figures_for(parts[roles.index(expected)]).accuracy


def test_roles_tell_selection_from_watching() -> None:
    counts = {"train": 6, "validation": 2, "test": 2}
    assert measured_roles(counts, steered=True, test_role="held-out") == {
        "test": Role.HELD_OUT,
        "validation": Role.SELECTED_ON,
    }
    assert measured_roles(counts, steered=False, test_role="given test") == {
        "test": Role.GIVEN_TEST,
        "validation": Role.VALIDATION,
    }
    assert measured_roles({**counts, "test": 0}, steered=False, test_role="held-out") == {
        "validation": Role.VALIDATION
    }


def save(path: Path, **changes: Any) -> Path:
    part = evaluation(20)
    arrays = {**vars(part), "classes": np.array(CLASSES), **changes}
    np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save(tmp_path / "evaluation.npz")


def test_a_saved_evaluation_reads_back(saved: Path) -> None:
    read = read_evaluation(saved)
    assert (read.logits == evaluation(20).logits).all()
    assert read.classes == CLASSES


def test_a_missing_evaluation_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no evaluation yet"):
        read_evaluation(tmp_path / "evaluation.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"logits": None},
        {"classes": np.array(CLASSES[:3])},
        {"classes": np.array("Forest")},
        {"labels": np.full(20, 4)},
        {"labels": np.full(20, -1)},
        {"labels": np.full(20, 0.5)},
        {"labels": np.zeros(19, dtype=int)},
        {"rows": np.zeros(3, dtype=int)},
        {"roles": np.full(20, "training")},
        {"logits": np.zeros((20, 4, 1))},
        {"labels": np.array([None] * 20)},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_damage(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="is damaged"):
        read_evaluation(save(tmp_path / "evaluation.npz", **changes))


def test_a_truncated_file_is_damage(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(0, len(content), 97):
        saved.write_bytes(content[:size])
        with pytest.raises(RunError, match="is damaged"):
            read_evaluation(saved)


def test_a_flipped_byte_is_damage_or_harmless(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    refused = 0
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 0x55
        saved.write_bytes(changed)
        try:
            figures_for(read_evaluation(saved))
        except RunError:
            refused += 1
    assert refused > len(content) / 7 / 2
