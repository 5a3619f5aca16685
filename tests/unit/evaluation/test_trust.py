"""Confidence is corrected by a run's own temperature; strange answers and 5 % of others are flagged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree
from scipy.special import softmax

from rsdash.evaluation.calibration import calibrate, fit_temperature
from rsdash.evaluation.roles import Role
from rsdash.evaluation.saved import Evaluation
from rsdash.evaluation.trust import FLAGGED_SHARE, NEIGHBOURS, trust_from

CLASSES = ("Forest", "Lake", "Road", "Town")


def draw(count: int, seed: int, boast: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a model, right in about 3 of 4 cases, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count)
    logits = rng.normal(0, 1, (count, 4)) + 2 * np.eye(4)[labels]
    return (boast * logits).astype(np.float32), labels


def evaluation(
    count: int = 400, *, boast: float = 1.0, role: str = Role.HELD_OUT, seed: int = 0
) -> Evaluation:
    logits, labels = draw(count, seed, boast)
    return Evaluation(logits, labels, np.arange(count), np.full(count, role), CLASSES)


def joined(*parts: Evaluation) -> Evaluation:
    logits, labels, roles = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "labels", "roles")
    )
    return Evaluation(logits, labels, np.arange(len(labels)), roles, CLASSES)


def test_confidences_are_softmax_over_the_temperature_of_the_calibration() -> None:
    saved = evaluation(boast=3.0)
    trust = trust_from(saved)
    assert trust.temperature == calibrate(saved)[0].temperature > 1.5
    assert (trust.how, trust.images) == ("cross-fitted on these images", 400)
    new, _ = draw(10, seed=9, boast=3.0)
    assert trust.confidences(new) == pytest.approx(softmax(new.astype(float) / trust.temperature, axis=1))


def test_with_validation_images_both_come_from_them() -> None:
    watched = evaluation(300, boast=2.0, role=Role.SELECTED_ON, seed=1)
    trust = trust_from(joined(evaluation(200, boast=5.0), watched))
    assert trust.temperature == pytest.approx(fit_temperature(watched.logits, watched.labels))
    assert (trust.how, trust.images) == ("fitted on validation images", 300)
    assert trust.familiarity is not None and trust.familiarity.role == Role.SELECTED_ON
    assert (trust.familiarity.reference == watched.logits).all()


def test_a_model_that_is_always_right_is_not_made_surer_than_it_is() -> None:
    labels = np.arange(100) % 4
    logits = (3 * np.eye(4)[labels]).astype(np.float32)
    always = Evaluation(logits, labels, np.arange(100), np.full(100, Role.HELD_OUT), CLASSES)
    assert calibrate(always)[0].temperature < 0.1
    assert trust_from(always).temperature == 1


def test_distances_are_those_of_a_search_tree() -> None:
    saved = evaluation()
    familiarity = trust_from(saved).familiarity
    assert familiarity is not None
    new, _ = draw(50, seed=3)
    expected = KDTree(saved.logits.astype(float)).query(new.astype(float), k=NEIGHBOURS)[0][:, -1]
    assert familiarity.distances(new) == pytest.approx(expected, abs=1e-5)
    assert len(familiarity.distances(new[:0])) == 0


@pytest.mark.parametrize("count", [40, 400])
def test_one_in_twenty_ordinary_images_is_flagged(count: int) -> None:
    shares = []
    for seed in range(60):
        familiarity = trust_from(evaluation(count, seed=seed)).familiarity
        assert familiarity is not None
        new, _ = draw(500, seed=1_000 + seed)
        shares.append((familiarity.distances(new) > familiarity.threshold).mean())
    assert 0.6 * FLAGGED_SHARE < np.mean(shares) < 1.15 * FLAGGED_SHARE


def test_answers_of_another_kind_are_flagged_whether_weak_or_strong() -> None:
    familiarity = trust_from(evaluation()).familiarity
    assert familiarity is not None
    strange = np.array([[30, 0, 0, 0], [-9, -9, -9, -9], [9, 9, 0, 0]], dtype=np.float32)
    assert (familiarity.distances(strange) > familiarity.threshold).all()


def test_too_few_images_are_no_ground_for_a_flag() -> None:
    assert trust_from(evaluation(18)).familiarity is None
    assert trust_from(evaluation(19)).familiarity is not None


def test_of_very_many_images_some_are_compared_with() -> None:
    familiarity = trust_from(evaluation(5_100)).familiarity
    assert familiarity is not None and familiarity.reference.shape == (5_000, 4)
