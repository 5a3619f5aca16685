"""Predictions in columns say what the predictions said, and sort by how sure the model is."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.inference.found import BY_NAME, LEAST_SURE, MOST_SURE, REFUSED, Found, ordered
from rsdash.inference.results import Prediction

CLASSES = ("Forest", "Lake", "Road")


def prediction(name: str, sure: float) -> Prediction:
    return Prediction(
        file=name,
        classes=("Lake", "Road"),
        confidences=(sure, 1 - sure),
        probabilities=(sure / 2, 0.1),
        distance=3.25,
        unfamiliar=sure > 0.8,
    )


@pytest.fixture
def found() -> Found:
    columns = Found(CLASSES, top=2)
    columns.add([prediction("a", 0.75), Prediction(file="b", error="b is empty.")])
    columns.add([prediction("c", 0.875), prediction("d", 0.625)])
    return columns


def test_each_comes_back_as_it_was(found: Found) -> None:
    first, second, third, _ = found.predictions()
    assert second == Prediction(file="b", error="b is empty.")
    assert (first.file, first.classes, first.distance) == ("a", ("Lake", "Road"), 3.25)
    assert first.confidences == pytest.approx((0.75, 0.25)) and first.probabilities[1] == pytest.approx(0.1)
    assert (first.unfamiliar, third.unfamiliar) == (False, True)
    assert found.answers.tolist() == [1, REFUSED, 1, 1] and found.errors == {1: "b is empty."}


def test_they_are_sorted_with_those_without_an_answer_last(found: Found) -> None:
    names = {
        by: [found.names[position] for position in ordered(found, np.arange(4), by)]
        for by in (BY_NAME, LEAST_SURE, MOST_SURE)
    }
    assert names == {BY_NAME: list("abcd"), LEAST_SURE: list("dacb"), MOST_SURE: list("cadb")}


def test_what_is_not_known_stays_unknown() -> None:
    columns = Found(CLASSES, top=9)
    columns.add(
        [Prediction(file="a", classes=CLASSES, confidences=(0.5, 0.3, 0.2), probabilities=(0.5, 0.3, 0.2))]
    )
    assert columns.top == 3
    assert (columns.prediction(0).distance, columns.prediction(0).unfamiliar) == (None, None)
    assert not columns.unfamiliar.any()
