"""Calibration against scikit-learn, and on data whose calibration is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from rsdash.evaluation.calibration import (
    brier,
    calibrate,
    cross_fitted_temperature,
    ece_if_calibrated,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from rsdash.evaluation.saved import Evaluation


def calibrated(count: int, *, classes: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn with exactly the probabilities that these state."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, classes)) * 2
    cumulated = softmax(logits, axis=1).cumsum(axis=1)
    labels = (cumulated < rng.random((count, 1))).sum(axis=1).clip(max=classes - 1)
    return logits, labels


def evaluation(count: int, *, sureness: float = 1.0, roles: tuple[str, ...] = ("held-out",)) -> Evaluation:
    logits, labels = calibrated(count)
    names = tuple("abcdef")
    return Evaluation(logits * sureness, labels, np.arange(count), np.resize(roles, count), names)


def test_reliability_agrees_with_scikit_learn() -> None:
    logits, labels = calibrated(700)
    probabilities = softmax(logits, axis=1)
    found = reliability(probabilities, labels)
    right = probabilities.argmax(axis=1) == labels
    shares, confidences = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
    filled = found.count > 0
    assert found.accuracy[filled] == pytest.approx(shares)
    assert found.confidence[filled] == pytest.approx(confidences)
    assert found.count.sum() == 700 and found.edges == pytest.approx(np.linspace(0, 1, 16))


def test_empty_bins_hold_nothing() -> None:
    found = reliability(np.array([[0.9, 0.1], [1.0, 0.0]]), np.array([0, 1]))
    assert found.count.tolist() == [0] * 13 + [1, 1]
    assert np.isnan(found.accuracy[:13]).all() and found.accuracy[13:].tolist() == [1.0, 0.0]


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.88, 0.12], [0.6, 0.4], [0.45, 0.55]])
    # bins (0.867, 0.933]: 0.89 against 1/2; (0.533, 0.6]: 0.575 against 1
    error = (2 * (0.89 - 0.5) + 2 * (1 - 0.575)) / 4
    assert expected_calibration_error(probabilities, np.array([0, 1, 0, 1])) == pytest.approx(error)


def test_a_calibrated_model_shows_the_error_that_is_foretold() -> None:
    logits, _ = calibrated(300)
    probabilities = softmax(logits, axis=1)
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(300):
        labels = (probabilities.cumsum(axis=1) < rng.random((300, 1))).sum(axis=1).clip(max=5)
        errors.append(expected_calibration_error(probabilities, labels))
    assert ece_if_calibrated(probabilities) == pytest.approx(np.mean(errors), rel=0.03)


def test_the_error_of_a_calibrated_model_falls_with_more_images() -> None:
    few, many = (ece_if_calibrated(softmax(calibrated(count)[0], axis=1)) for count in (200, 20_000))
    assert few == pytest.approx(10 * many, rel=0.2)


def test_brier_by_hand() -> None:
    assert brier(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0])) == 1.0
    assert brier(np.array([[0.5, 0.3, 0.2]]), np.array([1])) == pytest.approx(0.25 + 0.49 + 0.04)


@pytest.mark.parametrize("sureness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_a_model_too_sure(sureness: float) -> None:
    logits, labels = calibrated(20_000)
    assert fit_temperature(logits * sureness, labels) == pytest.approx(sureness, rel=0.03)


def test_the_temperature_is_the_one_with_the_least_log_loss() -> None:
    logits, labels = calibrated(500)
    found = fit_temperature(logits, labels)

    def loss(temperature: np.ndarray) -> float:
        return float(log_loss(labels, softmax(logits / temperature[0], axis=1)))

    best = minimize(loss, [2.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    assert found == pytest.approx(best.x[0], rel=1e-3)


def test_a_model_that_is_never_wrong_has_a_finite_temperature() -> None:
    assert 0 < fit_temperature(np.eye(3) * 2, np.arange(3)) < 0.1
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=int)) == 1.0


def test_no_image_is_scaled_with_a_temperature_that_was_fitted_on_it() -> None:
    logits, labels = calibrated(50)
    scaled, mean = cross_fitted_temperature(logits, labels)
    ratios = np.round((logits / scaled)[:, 0], 9)
    folds = {ratio: np.flatnonzero(ratios == ratio) for ratio in set(ratios.tolist())}
    assert sorted(len(members) for members in folds.values()) == [10] * 5
    for temperature, members in folds.items():
        others = np.delete(np.arange(50), members)
        assert temperature == pytest.approx(fit_temperature(logits[others], labels[others]))
    assert mean == pytest.approx(np.mean(list(folds)))


def test_calibration_is_fitted_on_validation_and_judged_elsewhere() -> None:
    whole = evaluation(4000, sureness=3.0, roles=("validation, used to choose", "held-out"))
    result, before, after = calibrate(whole)
    assert result.how == "fitted on validation images" and result.images == 2000
    watched = whole.part("validation, used to choose")
    assert result.temperature == fit_temperature(watched.logits, watched.labels)
    assert before.count.sum() == after.count.sum() == 2000
    judged = whole.part("held-out")
    scaled = softmax(judged.logits / result.temperature, axis=1)
    assert result.log_loss_after == pytest.approx(log_loss(judged.labels, scaled))
    assert result.brier_after == pytest.approx(brier(scaled, judged.labels))
    assert result.ece_after == pytest.approx(expected_calibration_error(scaled, judged.labels))
    assert result.ece_after < 2 * result.ece_if_calibrated_after < result.ece_before


@pytest.mark.parametrize("role", ["held-out", "validation", "validation, used to choose", "given test"])
def test_images_of_a_single_role_are_cross_fitted(role: str) -> None:
    whole = evaluation(2000, sureness=3.0, roles=(role,))
    result, _, after = calibrate(whole)
    assert result.how == "cross-fitted on these images" and result.temperature == pytest.approx(3.0, rel=0.1)
    expected = -log_softmax(whole.logits, axis=1)[np.arange(2000), whole.labels].mean()
    assert result.log_loss_before == pytest.approx(expected)
    assert result.log_loss_after < result.log_loss_before and result.brier_after < result.brier_before
    assert after.count.sum() == 2000


def test_one_image_is_left_as_it_is() -> None:
    one = evaluation(1)
    result, *_ = calibrate(replace(one, logits=one.logits.astype(np.float32)))
    assert result.temperature == 1.0 and result.ece_before == result.ece_after
