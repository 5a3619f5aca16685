"""The latest figures of a run on cards: how good it is, on which images, and what it costs."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import streamlit as st

from rsdash.errors import RunError
from rsdash.evaluation.intervals import wilson_interval
from rsdash.evaluation.roles import images_of
from rsdash.evaluation.wording import figure_text
from rsdash.runs.index import RunEntry
from rsdash.runs.parts import Parts
from rsdash.runs.states import EVALUATED
from rsdash.ui.words import NONE, duration, plain, size

WIDTHS = (2.2, 1, 1, 1, 1)
"""Of the cards; the first one names its images."""
LARGE_LOSS = 1000.0


def figure_cards(entry: RunEntry) -> None:
    """Accuracy with its images and interval, loss, time, speed and memory."""
    summary = entry.state.summary
    columns, told = st.columns(WIDTHS), _what_it_is(entry)
    on = f", {summary.images:,} {images_of(summary.role)}" if summary.images else ""
    columns[0].metric(f"Accuracy{on}", figure_text(summary.accuracy, _half_width(entry)), help=told)
    columns[1].metric("Loss (nats)", _loss(summary.loss), help=_what_loss_is(len(entry.request.data.classes)))
    columns[2].metric("Training time", duration(summary.elapsed_s))
    speed = f"{summary.images_per_s:.0f}" if summary.images_per_s else NONE
    columns[3].metric("Images/s", speed, help=plain(summary.device))
    columns[4].metric("Peak memory", size(summary.memory_bytes) if summary.memory_bytes else NONE)


def _what_it_is(entry: RunEntry) -> str:
    """Which figure it is, and what follows."""
    summary, data = entry.state.summary, entry.request.data
    if summary.accuracy is None:
        return "Measured after each epoch."
    interval = (
        " Its images depend on each other in groups, so that the interval is left to the Compare page."
        if _in_groups(entry.folder.split_path)
        else " ± is half the width of Wilson's 95 % interval."
    )
    if entry.state.state in EVALUATED:
        return f"The final figure, of the weights that are reported.{interval}"
    test = data.counts.get("test", 0)
    final = f" The final figure is that on {test:,} {images_of(data.test_role)}." if test else ""
    return f"After epoch {summary.epoch}.{final}{interval}"


def _what_loss_is(classes: int) -> str:
    return (
        "Mean cross-entropy on the same images, in nats; lower is better. 0 is certain and right, guessing "
        f"among {classes} classes gives {math.log(classes):.2f}."
    )


def _half_width(entry: RunEntry) -> float | None:
    """Half the width of the accuracy's 95 % interval; None where its images may depend on each other."""
    accuracy, images = entry.state.summary.accuracy, entry.state.summary.images
    if accuracy is None or not images or _in_groups(entry.folder.split_path):
        return None
    return wilson_interval(round(accuracy * images), images).half_width


@lru_cache(maxsize=256)
def _in_groups(split_path: Path) -> bool:
    """Whether a run's split kept groups of images together; so too where that cannot be read."""
    try:
        return len(Parts.read(split_path).test_groups) > 0
    except RunError:
        return True


def _loss(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:.4f}" if value < LARGE_LOSS else f"{value:.4g}"
