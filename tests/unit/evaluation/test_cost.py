"""How long a run took to reach an accuracy."""

from __future__ import annotations

import numpy as np

from rsdash.evaluation.cost import seconds_to

ELAPSED = np.array([10.0, 20.0, 30.0, 40.0])


def test_the_first_epoch_that_reaches_the_target_counts() -> None:
    accuracy = np.array([0.2, 0.6, 0.5, 0.7])
    assert seconds_to(0.6, accuracy, ELAPSED) == 20.0
    assert seconds_to(0.65, accuracy, ELAPSED) == 40.0


def test_a_target_that_is_never_reached_or_measured_takes_no_time() -> None:
    assert seconds_to(0.9, np.array([0.2, np.nan, 0.5, 0.7]), ELAPSED) is None
    assert seconds_to(0.5, np.empty(0), np.empty(0)) is None
