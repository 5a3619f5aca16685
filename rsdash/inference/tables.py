"""Predictions as rows for other programs: CSV and JSON; no torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from rsdash.inference.results import Prediction

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def csv_lines(
    predictions: Iterable[Prediction], *, top: int, labels: Iterable[str | None] | None = None
) -> Iterator[str]:
    """A header and a line an image.

    `confidence` is calibrated, `probability` the raw softmax; the numbered columns hold the next classes.

    Args:
        predictions: of the images.
        top: classes to name, at most.
        labels: the true class of each image, or None; given, they are a column.
    """
    truth = None if labels is None else iter(labels)
    header = ["file", *(["true_class"] if truth else []), *_class_columns(1)]
    for place in range(2, top + 1):
        header += _class_columns(place)
    yield _line([*header, "distance", "unfamiliar", "error"])
    for found in predictions:
        row: list[object] = [inert(found.file), *([inert(next(truth) or "")] if truth else [])]
        named = list(zip(found.classes, found.confidences, found.probabilities, strict=True))[:top]
        for name, sure, raw in named:
            row += [inert(name), f"{sure:.6f}", f"{raw:.6f}"]
        row += [""] * (3 * (top - len(named)))
        distance = "" if found.distance is None else f"{found.distance:.4f}"
        unfamiliar = "" if found.unfamiliar is None else str(found.unfamiliar).lower()
        yield _line([*row, distance, unfamiliar, inert(found.error)])


def json_text(predictions: Iterable[Prediction], *, labels: Sequence[str | None] | None = None) -> str:
    """A list of objects whose fields are those of a Prediction, and `true_class` where labels are given."""
    rows = [found.model_dump() for found in predictions]
    if labels is not None:
        rows = [{**row, "true_class": label} for row, label in zip(rows, labels, strict=True)]
    return json.dumps(rows, indent=1)


def inert(cell: str) -> str:
    """A text that no spreadsheet takes for a formula; names of files come from anywhere."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _class_columns(place: int) -> list[str]:
    names = ("class", "confidence", "probability")
    return [name if place == 1 else f"{name}_{place}" for name in names]


def _line(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
