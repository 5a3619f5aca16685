"""What a run's summary says of the epochs behind it."""

from __future__ import annotations

import math
from typing import Any

from rsdash.evaluation.figures import Figures
from rsdash.runs.history import History
from rsdash.runs.records import SPARKLINE_POINTS
from rsdash.training.progress import Progress


def latest_epoch(past: History) -> dict[str, Any]:
    """Figures of the epoch that a run goes on from, which need not be the last that was measured.

    Args:
        past: what its log holds up to there.

    Returns:
        Fields of a Summary.
    """
    names = ("loss", "accuracy", "train_loss", "train_accuracy")
    if not len(past.epochs["step"]):
        return {**dict.fromkeys(names), "images": 0}
    latest = {name: float(past.epochs[name][-1]) for name in names}
    figures = {name: value if math.isfinite(value) else None for name, value in latest.items()}
    return {**figures, "images": past.confusions[-1].images if past.confusions else 0}


def final_figures(figures: Figures, progress: Progress) -> dict[str, Any]:
    """What an evaluated run shows: the figures of its reported weights.

    Args:
        figures: on the images of the most trustworthy role.
        progress: how far training has come.

    Returns:
        Fields of a Summary.
    """
    return {
        "accuracy": figures.accuracy,
        "loss": figures.loss,
        "images": figures.images,
        "role": figures.role,
        "remaining_s": 0.0,
        "elapsed_s": progress.elapsed_s,
        "sparkline": sparkline(progress.accuracies),
    }


def sparkline(values: list[float]) -> tuple[float, ...]:
    """At most SPARKLINE_POINTS of the values, evenly spread, the last one among them."""
    if len(values) <= SPARKLINE_POINTS:
        return tuple(round(value, 4) for value in values)
    last = len(values) - 1
    rows = [round(i * last / (SPARKLINE_POINTS - 1)) for i in range(SPARKLINE_POINTS)]
    return tuple(round(values[row], 4) for row in rows)
