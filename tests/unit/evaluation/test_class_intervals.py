"""Intervals of each class's accuracy: against statsmodels, scipy, and drawing the class's groups alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from rsdash.evaluation.class_intervals import class_intervals, share_intervals
from rsdash.evaluation.intervals import FEWEST_GROUPS, cluster_bootstrap
from rsdash.evaluation.saved import Evaluation

CLASSES = ("Forest", "Lake", "River")


def answered(labels: np.ndarray, answers: np.ndarray, groups: np.ndarray | None = None) -> Evaluation:
    logits = np.eye(3, dtype=np.float32)[answers]
    count = len(labels)
    return Evaluation(logits, labels, np.arange(count), np.full(count, "held-out"), CLASSES, groups)


def by_place(groups: int, *, classes: int = 2, images: int = 6, seed: int = 0) -> Evaluation:
    """Every class in every group, as many images each; how often it is right varies from group to group."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.repeat(np.arange(classes), images), groups)
    numbers = np.repeat(np.arange(groups), classes * images)
    share = rng.beta(2, 1, size=groups)[numbers]
    answers = np.where(rng.random(len(labels)) < share, labels, (labels + 1) % classes)
    return answered(labels, answers, numbers)


def test_of_independent_images_it_is_wilsons() -> None:
    labels = np.repeat([0, 1], [80, 30])
    answers = labels.copy()
    answers[:11], answers[80:84] = 1, 0
    found = class_intervals(answered(labels, answers))
    right, images, taken = np.array([69, 26]), np.array([80, 30]), np.array([73, 37])
    for ends, counts in ((found.producers, images), (found.users, taken)):
        expected = np.stack(proportion_confint(right, counts, method="wilson"), axis=1)
        assert ends[:2] == pytest.approx(expected, abs=1e-9)
        assert np.isnan(ends[2]).all()


@pytest.mark.parametrize("groups", [20, 80])
def test_of_equal_groups_it_is_the_t_interval_of_their_shares(groups: int) -> None:
    part = by_place(groups, images=10)
    right = (part.logits.argmax(axis=1) == part.labels).reshape(groups, 2, 10).mean(axis=2)
    ends = class_intervals(part).producers
    for label in (0, 1):
        shares = right[:, label]
        low, high = stats.t.interval(0.95, groups - 1, loc=shares.mean(), scale=stats.sem(shares))
        assert ends[label, 1] - ends[label, 0] == pytest.approx(high - low, rel=0.08)
        assert ends[label] == pytest.approx((low, high), abs=0.03)


def test_a_class_in_some_groups_is_known_as_well_as_its_own_groups_say() -> None:
    rng = np.random.default_rng(4)
    wholes = np.where(np.arange(300) % 6 == 0, rng.integers(1, 9, size=300), 0)  # in 50 of 300 groups
    parts = rng.binomial(wholes, 0.7)
    own = np.stack([parts, wholes], axis=1)[wholes > 0]
    alone = cluster_bootstrap(own, {"share": lambda sums: sums[:, 0] / sums[:, 1]}, draws=20_000)["share"]
    ends = share_intervals(parts[:, None], wholes[:, None], draws=20_000)[0]
    assert ends == pytest.approx((alone.low, alone.high), abs=0.01)


def test_images_that_repeat_within_groups_are_no_further_evidence() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(2, size=300)
    answers = np.where(rng.random(300) < 0.8, labels, 1 - labels)
    once = class_intervals(answered(labels, answers, np.arange(300)))
    often = class_intervals(
        answered(np.repeat(labels, 9), np.repeat(answers, 9), np.repeat(np.arange(300), 9))
    )
    assert often.producers[:2] == pytest.approx(once.producers[:2], abs=0.005)
    assert often.users[:2] == pytest.approx(once.users[:2], abs=0.005)
    independent = class_intervals(answered(labels, answers)).producers[:2]
    assert np.ptp(once.producers[:2], axis=1) == pytest.approx(np.ptp(independent, axis=1), rel=0.1)


def test_a_class_in_too_few_groups_or_never_wrong_has_none() -> None:
    part = by_place(FEWEST_GROUPS + 4)
    few = (part.labels == 0) & (part.groups >= FEWEST_GROUPS - 1)  # pyright: ignore[reportOptionalOperand]  # it has groups
    labels = np.where(few, 2, part.labels)
    answers = np.where(labels == 2, 2, part.logits.argmax(axis=1))
    ends = class_intervals(answered(labels, answers, part.groups)).producers
    assert np.isnan(ends[0]).all(), "19 groups"
    assert np.isfinite(ends[1]).all()
    assert np.isnan(ends[2]).all(), "5 groups, all right"
    every = answered(part.labels, part.labels, part.groups)
    assert np.isnan(class_intervals(every).producers).all()
