"""Averages what windows say on the cells of the result, a few rows of cells at a time; no torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rsdash.inference.scenes.layout import Layout, Side

Rows = tuple[int, np.ndarray]
"""The first of some rows of cells, and their probabilities, float32 (rows, columns, K); NaN without data."""


class Blender:
    """Takes windows in reading order and hands out rows of cells as soon as no other window can change them.

    Only rows that are still open are held: about one window's height of them.
    """

    def __init__(self, layout: Layout, classes: int) -> None:
        """Begin with no window.

        Args:
            layout: where the windows lie.
            classes: K.
        """
        self._layout = layout
        span = layout.down.weights.shape[1]
        self._row = 0
        self._answers = np.zeros((len(layout.across.starts), classes))
        self._said = np.zeros(len(layout.across.starts))
        self._sums = np.zeros((span, layout.across.cells, classes))
        self._weights = np.zeros((span, layout.across.cells))
        self._open_from = 0

    def add(self, rows: np.ndarray, columns: np.ndarray, probabilities: np.ndarray) -> Iterator[Rows]:
        """Take some windows.

        Args:
            rows: of each window in the layout, int64 (n,), ascending and not below those taken before.
            columns: of each window, int64 (n,).
            probabilities: of its classes, (n, K).

        Yields:
            Rows of cells that are final now.
        """
        for row in np.unique(rows).tolist():
            yield from self._close_until(row)
            here = rows == row
            self._answers[columns[here]] = probabilities[here]
            self._said[columns[here]] = 1

    def finish(self) -> Iterator[Rows]:
        """All rows of cells that are left."""
        yield from self._close_until(len(self._layout.down.starts))
        left = self._layout.down.cells - self._open_from
        if left:
            yield from self._hand_out(left)

    def _close_until(self, row: int) -> Iterator[Rows]:
        """No more windows come in the rows before this one."""
        down = self._layout.down
        while self._row < row:
            self._take_row()
            self._row += 1
            ready = down.cells if self._row == len(down.starts) else int(down.first_cells[self._row])
            if ready > self._open_from:
                yield from self._hand_out(ready - self._open_from)

    def _take_row(self) -> None:
        sums, weights = _along(self._layout.across, self._answers, self._said)
        begin = int(self._layout.down.first_cells[self._row]) - self._open_from
        for place, weight in enumerate(self._layout.down.weights[self._row].tolist(), start=begin):
            if weight:
                self._sums[place] += weight * sums
                self._weights[place] += weight * weights
        self._answers[:] = 0
        self._said[:] = 0

    def _hand_out(self, count: int) -> Iterator[Rows]:
        """The first open rows; those that no window reached are without data."""
        first, held = self._open_from, min(count, len(self._sums))
        sums, weights = self._sums[:held], self._weights[:held, :, None]
        mean = np.divide(sums, weights, out=np.full(sums.shape, np.nan), where=weights > 0)
        yield first, mean.astype(np.float32)
        if count > held:
            shape = (count - held, *sums.shape[1:])
            yield first + held, np.full(shape, np.nan, np.float32)
        for array in (self._sums, self._weights):
            array[: len(array) - held] = array[held:].copy()
            array[len(array) - held :] = 0
        self._open_from += count


def _along(side: Side, answers: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums (cells, K) and weights (cells,) of one row of windows."""
    span = side.weights.shape[1]
    sums, weights = np.zeros((side.cells + span, answers.shape[1])), np.zeros(side.cells + span)
    for place in range(span):
        weight = side.weights[:, place] * said  # (n,)
        cells = side.first_cells + place
        np.add.at(sums, cells, weight[:, None] * answers)
        np.add.at(weights, cells, weight)
    return sums[: side.cells], weights[: side.cells]
