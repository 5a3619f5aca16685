"""Blending windows row by row gives what adding them all up in memory gives."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.inference.scenes.blending import Blender
from rsdash.inference.scenes.layout import Layout, Side

CLASSES = 3


def blended(layout: Layout, answers: np.ndarray, told: np.ndarray, batch: int) -> np.ndarray:
    blender = Blender(layout, CLASSES)
    found = np.full((*layout.grid, CLASSES), 7.0, np.float32)
    rows, columns = np.nonzero(told)
    handed_out = []
    for begin in range(0, len(rows), batch):
        part = slice(begin, begin + batch)
        for first, block in blender.add(rows[part], columns[part], answers[rows[part], columns[part]]):
            found[first : first + len(block)] = block
            handed_out += range(first, first + len(block))
    for first, block in blender.finish():
        found[first : first + len(block)] = block
        handed_out += range(first, first + len(block))
    assert handed_out == list(range(layout.grid[0])), "each row once, in order"
    return found


def hann_at_centres(start: int, window: int, stride: int, length: int) -> np.ndarray:
    edges = np.minimum(np.arange(0, length + stride, stride), length)
    inside = ((edges[:-1] + edges[1:]) / 2 - start) / window
    return np.where((inside > 0) & (inside < 1), np.sin(np.pi * inside) ** 2, 0)


def added_up(layout: Layout, answers: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Every window on every cell whose centre it holds, all in memory."""
    sums, weights = np.zeros((*layout.grid, CLASSES)), np.zeros(layout.grid)
    (width, height), (step_x, step_y) = layout.window_px, layout.stride_px
    for row, column in zip(*np.nonzero(told), strict=True):
        top, left = int(layout.down.starts[row]), int(layout.across.starts[column])
        down = hann_at_centres(top, height, step_y, layout.down.length_px)
        across = hann_at_centres(left, width, step_x, layout.across.length_px)
        weight = np.outer(down, across)
        sums += weight[..., None] * answers[row, column]
        weights += weight
    with np.errstate(invalid="ignore"):
        return sums / weights[..., None]


@pytest.mark.parametrize("lost", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(
    ("size", "window", "stride"),
    [((64, 64), 16, 4), ((67, 50), 16, 4), ((50, 67), 16, 8), ((48, 48), 16, 16), ((41, 37), 9, 2)],
)
def test_rows_are_those_of_a_reference_in_memory(
    size: tuple[int, int], window: int, stride: int, lost: float
) -> None:
    rng = np.random.default_rng(0)
    layout = Layout(Side(size[0], window, stride, True), Side(size[1], window, stride, True))
    shape = (len(layout.down.starts), len(layout.across.starts))
    answers, told = rng.dirichlet(np.ones(CLASSES), shape), rng.random(shape) >= lost
    found = blended(layout, answers, told, batch=7)
    np.testing.assert_allclose(found, added_up(layout, answers, told), atol=1e-6)


def test_whole_rows_of_windows_without_data_leave_cells_without_data() -> None:
    layout = Layout(Side(32, 8, 4, True), Side(96, 8, 4, True))
    shape = (len(layout.down.starts), len(layout.across.starts))
    told = np.zeros(shape, bool)
    told[-1] = True
    answers = np.full((*shape, CLASSES), 1 / CLASSES)
    found = blended(layout, answers, told, batch=5)
    assert np.isnan(found[:-2]).all() and np.allclose(found[-2:], 1 / CLASSES)
