"""Joins adjoining cells of one class to patches: how many there are, how large, and how sure.

Cells are gathered into runs along their rows, some rows at a time, and runs that touch into patches.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rsdash.errors import DataError
from rsdash.inference.scenes.areas import CellAreas
from rsdash.inference.scenes.record import NO_CLASS, Say, say_nothing

MOST_PATCHES = 200_000
"""About 100 MB of polygons as text; a map of more is noise, and its rasters say it better."""
MOST_RUNS = 8_000_000
BLOCK_ROWS = 256


class Patches(NamedTuple):
    """Patches in the order of their first cell; arrays (n,).

    Attributes:
        first: number of the first cell, counted through all rows.
        label: of the class.
        cells: how many.
        area_m2: on the ground.
        confidence: mean of the cells.
    """

    first: np.ndarray
    label: np.ndarray
    cells: np.ndarray
    area_m2: np.ndarray
    confidence: np.ndarray


class _Runs(NamedTuple):
    """Neighbours of one class along a row, those without data too, in the order of reading; arrays (n,).

    Attributes:
        first: number of the first cell, counted through all rows.
        cells: how many.
        sureness: sum of their confidence.
        links: numbers of two runs of one class that touch, (m, 2).
    """

    first: np.ndarray
    cells: np.ndarray
    sureness: np.ndarray
    links: np.ndarray


def join_cells(labels: np.ndarray, confidence: Path, areas: CellAreas, say: Say = say_nothing) -> Patches:
    """Join cells that share a side.

    Args:
        labels: uint8 (rows, columns), NO_CLASS without data.
        confidence: raster of the same grid, NaN without data.
        areas: of the cells on the ground.
        say: hears how far it is; it may raise to end the work.

    Raises:
        DataError: more than MOST_PATCHES.
    """
    patches = _gather(labels, _runs(labels, confidence, say), areas)
    if len(patches.first) > MOST_PATCHES:
        raise _too_many(f"{len(patches.first):,} patches")
    return patches


def _too_many(found: str) -> DataError:
    return DataError(
        f"The map falls into {found}, too many for a file of polygons (at most {MOST_PATCHES:,}). "
        "Use its rasters, or map with a larger stride."
    )


def _runs(labels: np.ndarray, confidence: Path, say: Say) -> _Runs:
    """Gather cells along rows, some rows at a time.

    Raises:
        DataError: more than MOST_RUNS.
    """
    rows, columns = labels.shape
    parts: list[tuple[np.ndarray, ...]] = []
    count, above = 0, np.zeros((0, columns), np.int64)
    with rasterio.open(confidence) as raster:
        for start in range(0, rows, BLOCK_ROWS):
            say(f"joining cells, row {start + 1:,} of {rows:,}")
            block = labels[start : start + BLOCK_ROWS]
            sure = raster.read(1, window=((start, start + len(block)), (0, columns)))
            begins = np.ones(block.shape, bool)
            begins[:, 1:] = block[:, 1:] != block[:, :-1]
            numbers = count - 1 + np.cumsum(begins).reshape(block.shape)
            at = np.flatnonzero(begins)
            sums = np.add.reduceat(np.nan_to_num(sure).ravel(), at, dtype=np.float64)
            links = _links(labels[start - len(above) : start + len(block)], np.concatenate([above, numbers]))
            parts.append((at + start * columns, np.diff(at, append=block.size), sums, links))
            count, above = count + len(at), numbers[-1:]
            if count > MOST_RUNS:
                raise _too_many("more pieces than can be counted")
    return _Runs(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _links(labels: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Pairs of runs above each other, (m, 2), of labels and run numbers (rows, columns)."""
    same = (labels[1:] == labels[:-1]) & (labels[1:] != NO_CLASS)
    pairs = np.column_stack([numbers[:-1][same], numbers[1:][same]])
    fresh = np.ones(len(pairs), bool)
    fresh[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)  # said once, not for each cell
    return pairs[fresh]


def _gather(labels: np.ndarray, runs: _Runs, areas: CellAreas) -> Patches:
    """Join runs that touch."""
    count = len(runs.first)
    above, below = runs.links.T
    graph = coo_array((np.ones(len(above), bool), (above, below)), shape=(count, count))
    of_run = connected_components(graph, directed=False)[1]
    _, first_run = np.unique(of_run, return_index=True)  # of each component
    first = runs.first[first_run]
    label = labels.ravel()[first]
    row, column = np.divmod(runs.first, labels.shape[1])
    over = (1 - areas.last_column) * (column + runs.cells == labels.shape[1])  # cells beyond the edge
    area = areas.by_row[row] * (runs.cells - over)
    cells, area_m2, sureness = (np.bincount(of_run, weights) for weights in (runs.cells, area, runs.sureness))
    order = np.argsort(first)
    order = order[label[order] != NO_CLASS]
    return Patches(*(part[order] for part in (first, label, cells, area_m2, sureness / cells)))
