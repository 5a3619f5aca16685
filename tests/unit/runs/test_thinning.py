"""Lines stay short, keep their peaks, and do not move while they grow."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.runs.thinning import MAX_POINTS, thin


@pytest.mark.parametrize("count", [0, 1, MAX_POINTS, MAX_POINTS + 1, 2_047, 2_048, 2_049, 99_999])
def test_a_line_never_has_more_than_1000_points(count: int) -> None:
    values = np.random.default_rng(0).normal(size=count)
    line = thin(np.arange(float(count)), values)
    assert len(line.x) == len(line.y) <= MAX_POINTS
    assert len(line.x) == count if count <= MAX_POINTS else len(line.x) > MAX_POINTS / 4


def test_thinning_keeps_peaks_pits_and_the_order(count: int = 50_000) -> None:
    values = np.sin(np.arange(count) / 500)
    values[12_345], values[40_001] = 7.0, -7.0
    line = thin(np.arange(float(count)), values)
    assert (line.y.max(), line.y.min()) == (7.0, -7.0)
    assert (np.diff(line.x) > 0).all()
    assert (values[line.x.astype(int)] == line.y).all()


def test_points_already_drawn_stay_while_a_line_grows() -> None:
    values = np.random.default_rng(1).normal(size=4_000)
    shorter, longer = (thin(np.arange(float(n)), values[:n]) for n in (3_000, 3_600))
    settled = shorter.x[shorter.x < 2_992]  # all but the last, unfilled bin of 8
    assert longer.x[: len(settled)].tolist() == settled.tolist()


def test_thinning_passes_over_missing_values() -> None:
    values = np.full(5_000, np.nan)
    values[::100] = 1.0
    line = thin(np.arange(5_000.0), values)
    assert len(line.y) and not np.isnan(line.y).any()
