"""The figures against scikit-learn, statsmodels and counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from rsdash.evaluation.figures import figures_for, headline
from rsdash.evaluation.roles import Role, measured_roles
from rsdash.evaluation.saved import Evaluation

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
    assert figures.macro_precision == pytest.approx(
        metrics.precision_score(part.labels, predicted, average="macro"), abs=1e-12
    )
    assert figures.kappa == pytest.approx(metrics.cohen_kappa_score(part.labels, predicted), abs=1e-12)
    probabilities = softmax(part.logits.astype(float), axis=1)
    assert figures.loss == pytest.approx(metrics.log_loss(part.labels, probabilities), rel=1e-9)
    one_hot = np.eye(4)[part.labels]
    assert figures.brier == pytest.approx(((probabilities - one_hot) ** 2).sum(axis=1).mean(), rel=1e-9)
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
        (["held-out", "validation, used to choose"], "held-out"),
        (["validation, used to choose", "given test"], "given test"),
        (["validation", "validation, used to choose"], "validation"),
        (["validation, used to choose"], "validation, used to choose"),
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


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_each_class_agree_with_scikit_learn(seed: int) -> None:
    part = evaluation(seed=seed)
    found, predicted = figures_for(part).per_class, part.logits.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(part.labels, predicted)
    assert found.users == pytest.approx(precision) and found.producers == pytest.approx(recall)
    assert found.f1 == pytest.approx(f1) and (found.support == support).all()


def test_a_class_without_images_has_no_accuracy() -> None:
    found = figures_for(by_hand([0, 0, 1, 1], [0, 0, 1, 2])).per_class
    assert found.support.tolist() == [2, 2, 0, 0] and found.predicted.tolist() == [2, 1, 1, 0]
    assert np.isnan(found.producers).tolist() == [False, False, True, True]
    assert np.isnan(found.users).tolist() == [False, False, False, True]
    assert found.users[2] == 0.0 and found.f1[2] == 0.0 and np.isnan(found.f1[3])


def wide(count: int, *, spread: float = 1.0, seed: int = 0) -> Evaluation:
    """Logits over ten classes."""
    rng = np.random.default_rng(seed)
    labels, classes = rng.integers(10, size=count), tuple("abcdefghij")
    logits = rng.normal(size=(count, 10)).astype(np.float32) * spread
    logits[np.arange(count), labels] += 1.0
    return Evaluation(logits, labels, np.arange(count), np.full(count, "held-out"), classes)


def test_top_5_agrees_with_scikit_learn() -> None:
    part = wide(500)
    expected = metrics.top_k_accuracy_score(part.labels, part.logits, k=5, labels=range(10))
    assert figures_for(part).top5 == pytest.approx(expected, abs=1e-12)


def test_top_5_of_a_model_that_cannot_decide_is_no_better_than_guessing() -> None:
    part = wide(1000)
    figures = figures_for(replace(part, logits=np.zeros_like(part.logits)))
    assert figures.top5 == (part.labels < 5).mean()


def test_five_classes_or_fewer_have_no_top_5() -> None:
    assert figures_for(evaluation()).top5 is None


def test_brier_of_two_classes_is_twice_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels, chance = rng.integers(2, size=300), rng.uniform(0.05, 0.95, size=300)
    logits = np.log(np.stack([1 - chance, chance], axis=1))
    part = Evaluation(logits, labels, np.arange(300), np.full(300, "held-out"), ("a", "b"))
    assert figures_for(part).brier == pytest.approx(2 * metrics.brier_score_loss(labels, chance), rel=1e-9)


def test_independent_images_have_four_intervals_around_their_figures() -> None:
    figures = figures_for(evaluation())
    assert set(figures.intervals) == {"accuracy", "average_accuracy", "macro_f1", "kappa"}
    for name, interval in figures.intervals.items():
        assert interval.low < getattr(figures, name) < interval.high
    assert figures.groups == 0


def test_images_that_repeat_within_groups_widen_the_intervals_as_if_each_group_were_one_image() -> None:
    part = evaluation(200)
    logits, labels, rows, roles = (
        np.repeat(column, 4, axis=0) for column in (part.logits, part.labels, part.rows, part.roles)
    )
    repeated = Evaluation(logits, labels, rows, roles, CLASSES, groups=rows)
    alone, grouped = figures_for(part), figures_for(repeated)
    blind = figures_for(replace(repeated, groups=None))
    assert grouped.groups == 200
    for name in alone.intervals:
        width = alone.intervals[name].half_width
        assert grouped.intervals[name].half_width == pytest.approx(width, rel=0.1)
        assert blind.intervals[name].half_width == pytest.approx(width / 2, rel=0.1)


def test_fewer_than_20_groups_have_no_intervals() -> None:
    part = evaluation(200)
    few = figures_for(replace(part, groups=np.arange(200) % 19))
    assert few.intervals == {} and few.accuracy_half_width is None and few.groups == 19
    assert "kappa" in figures_for(replace(part, groups=np.arange(200) % 20)).intervals


def test_where_no_image_is_wrong_the_accuracy_alone_has_an_interval() -> None:
    figures = figures_for(by_hand([0, 1, 2, 3] * 5, [0, 1, 2, 3] * 5))
    assert set(figures.intervals) == {"accuracy"}
    assert figures.macro_f1 == figures.kappa == 1.0


def test_a_class_that_is_missing_from_the_images_leaves_all_figures_finite() -> None:
    part = wide(300)
    without = replace(part, labels=part.labels + (part.labels == 3))
    figures = figures_for(without)
    assert figures.per_class.support[3] == 0 and figures.per_class.predicted[3] > 0
    present = [label for label in range(10) if label != 3]
    assert figures.average_accuracy == pytest.approx(
        metrics.recall_score(without.labels, without.logits.argmax(axis=1), labels=present, average="macro")
    )
    for interval in figures.intervals.values():
        assert np.isfinite([interval.low, interval.high]).all()
