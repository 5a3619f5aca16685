"""What a run's curves run along, and how they are smoothed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from rsdash.runs.history import History

Axis = Literal["epochs", "steps", "minutes"]
AXIS_TITLES: dict[Axis, str] = {"epochs": "epoch", "steps": "step", "minutes": "minutes of training"}


def along(history: History, columns: Mapping[str, np.ndarray], axis: Axis) -> np.ndarray:
    """Where the rows of `history.steps` or `history.epochs` lie on an axis, float64 of shape (n,).

    Rows from before the time of steps was recorded lie between the epochs around them.
    """
    if axis == "epochs":
        return columns["epoch"]
    if axis == "steps":
        return columns["step"]
    elapsed, known = columns["elapsed_s"], history.epochs
    unknown = np.isnan(elapsed)
    if unknown.any() and len(known["step"]):
        steps, times = np.append(0.0, known["step"]), np.append(0.0, known["elapsed_s"])
        elapsed = np.where(unknown, np.interp(columns["step"], steps, times), elapsed)
    return elapsed / 60


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """A running mean that forgets: each value counts `weight` times as much as the one after it.

    The weights up to each value are scaled to add up to 1, so that the line does not begin at 0 (as Adam's
    bias correction: Kingma and Ba 2015, section 3). Missing values stay missing and count for nothing.

    Args:
        values: float64 of shape (n,).
        weight: from 0, which changes nothing, to below 1.
    """
    if weight <= 0:
        return values
    total = norm = 0.0
    result = []
    for value in values.tolist():
        if value == value:  # not NaN
            total, norm = weight * total + value, weight * norm + 1
            result.append(total / norm)
        else:
            result.append(value)
    return np.array(result)


def binned(columns: np.ndarray, *, most: int) -> np.ndarray:
    """Means of neighbouring rows, so many that at most `most` remain; bins stay while rows are added.

    Args:
        columns: float64 of shape (n, c).
        most: upper bound of the rows returned.
    """
    width = 1
    while -(-len(columns) // width) > most:
        width *= 2
    if width == 1:
        return columns
    starts = np.arange(0, len(columns), width)
    present = ~np.isnan(columns)
    sums = np.add.reduceat(np.where(present, columns, 0.0), starts, axis=0)
    counts = np.add.reduceat(present, starts, axis=0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
