"""Classes of two runs: confusion side by side and their difference, accuracy class by class."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import streamlit as st

from rsdash.charts import class_deltas, matrix_difference, matrix_map
from rsdash.charts.style import MOST_IN_A_MATRIX, literal
from rsdash.evaluation.class_intervals import ClassIntervals
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import Figures
from rsdash.evaluation.intervals import FEWEST_GROUPS
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.pairs import ClassDifferences, class_differences
from rsdash.evaluation.wording import figure_text
from rsdash.report.limits import MATRIX_LIMIT
from rsdash.ui.compare.pair_choice import choose_shown
from rsdash.ui.compare.tile_view import open_tiles
from rsdash.ui.words import plain

PAIRS_KEPT = 16


def class_view(contenders: Sequence[Contender]) -> None:
    """Two runs class by class, or one where there is no second."""
    shown = choose_shown(contenders)
    if not shown:
        return
    _matrices(shown)
    if len(shown) == 2:
        _deltas(*shown)
    _class_table(shown)


def _deltas(first: Contender, second: Contender) -> None:
    """Differences of two runs class by class."""
    result, names = _differences(first, second), names_apart((first, second))
    st.plotly_chart(
        class_deltas(
            first.figures.classes if first.figures else (),
            result.difference,
            result.low,
            result.high,
            result.support,
            names=(names[first.id], names[second.id]),
        ),
        key="class-deltas",
        alt=f"Difference of producer's accuracy of each class, {names[first.id]} less {names[second.id]}",
    )
    st.caption(
        "Intervals are for one class at a time (paired bootstrap within the class): of twenty classes "
        "without any difference, one is expected to look clear."
    )


@lru_cache(maxsize=PAIRS_KEPT)
def _differences(first: Contender, second: Contender) -> ClassDifferences:
    """Told apart by the contenders themselves, as verdicts are."""
    classes = len(first.part.classes) if first.part else 0
    return class_differences(first.labels, first.answers, second.answers, classes, groups=first.groups)


def _matrices(shown: Sequence[Contender]) -> None:
    classes = shown[0].figures.classes if shown[0].figures else ()
    if len(classes) > MOST_IN_A_MATRIX:
        st.caption(f"{MATRIX_LIMIT} The table below has every class.")
        return
    matrices = [one.figures.confusion for one in shown if one.figures]
    columns, named = st.columns(2), names_apart(shown)
    names = [named[one.id] for one in shown]
    for position, (name, matrix) in enumerate(zip(names, matrices, strict=True)):
        key = f"matrix-{position}"
        columns[position].plotly_chart(
            matrix_map(matrix, classes, title=literal(name)),
            key=key,
            on_select=lambda key=key, position=position: open_tiles(key, position),
            selection_mode="points",
            alt=f"Confusion of classes by {name}",
        )
    st.caption("Rows are true classes; colour is the share of a row. Click a cell to see its tiles.")
    if len(shown) == 2:
        first, second = matrices
        with st.columns([1, 2, 1])[1]:
            st.plotly_chart(
                matrix_difference(first, second, classes, title="First run less second run"),
                key="matrix-difference",
                alt=f"Confusion of classes by {names[0]} less that by {names[1]}",
            )
            st.caption(
                f"Green favours {plain(names[0])}, red {plain(names[1])}: more right answers, or fewer "
                "mistakes."
            )


def _class_table(shown: Sequence[Contender]) -> None:
    """Producer's and user's accuracy of each class, with n."""
    classes = shown[0].figures.classes if shown[0].figures else ()
    rows, names = [], names_apart(shown)
    for k, name in enumerate(classes):
        row: dict[str, object] = {"Class": name}
        for contender in shown:
            if contender.figures:
                suffix = f" · {names[contender.id]}" if len(shown) > 1 else ""
                row |= _class_cells(contender.figures, contender.class_intervals, k, suffix)
        rows.append(row)
    st.dataframe(rows, hide_index=True, placeholder="–", alt="Accuracy of each class")
    st.caption(
        "Producer's accuracy (recall): share of a class's images that are right. User's accuracy "
        f"(precision): share of the answers of a class that are right. {_what_plus_minus_is(shown)}"
    )


def _what_plus_minus_is(shown: Sequence[Contender]) -> str:
    if not any(one.figures.groups for one in shown if one.figures):
        return "±: half of Wilson's 95 % interval."
    return (
        "±: half of a 95 % interval by a bootstrap (BCa) that draws whole groups of images, as images of a "
        f"group depend on each other; a class in fewer than {FEWEST_GROUPS} groups, or of which all or none "
        "are right, has none."
    )


def _class_cells(figures: Figures, intervals: ClassIntervals, k: int, suffix: str) -> dict[str, object]:
    one = figures.per_class
    return {
        "Images": int(one.support[k]),
        f"Producer's{suffix}": _cell(one.producers[k], intervals.producers[k]),
        f"User's{suffix}": _cell(one.users[k], intervals.users[k]),
        f"F1{suffix}": f"{one.f1[k]:.3f}" if np.isfinite(one.f1[k]) else None,
    }


def _cell(value: float, ends: np.ndarray) -> str | None:
    """A share and half its interval, whose ends are NaN where there is none."""
    if not np.isfinite(value):
        return None
    half = float(ends[1] - ends[0]) / 2
    return figure_text(float(value), half if np.isfinite(half) else None)
