"""The tiles behind a difference: where one run is right and the other wrong, both are, or neither is."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from rsdash.data import Dataset, list_datasets
from rsdash.errors import RsdashError
from rsdash.evaluation.comparison import Contender
from rsdash.ui.compare.pair_choice import FIRST, SECOND, choose_pair
from rsdash.ui.server import server
from rsdash.ui.words import plain

LOOK, CASE, TRUE, ANSWER = "look", "tile-case", "tile-true", "tile-answer"
ANY = "any class"
CASES = ("Only the first right", "Only the second right", "Both wrong", "Both right", "All")
SHOWN = 36
COLUMNS = 6
TILE_PX = 112


def open_tiles(chart: str, position: int) -> None:
    """Show the tiles of the cell that was clicked in a confusion matrix of the first or second run."""
    points = st.session_state[chart]["selection"]["points"]
    if not points:
        return
    true, answer = (html.unescape(points[0][axis]) for axis in "yx")  # charts escape names for Plotly
    st.session_state[TRUE], st.session_state[ANSWER] = true, answer
    st.session_state[CASE] = "All"
    st.session_state[LOOK] = "Tiles"
    if position == 1:  # answers are those of the first run
        first, second = st.session_state[FIRST], st.session_state[SECOND]
        st.session_state[FIRST], st.session_state[SECOND] = second, first


def tile_view(contenders: Sequence[Contender]) -> None:
    """Choose a pair, a case and classes; see the tiles."""
    pair = choose_pair(contenders)
    if pair is None or pair[0].figures is None:
        return
    first, second = pair
    classes = pair[0].figures.classes
    counts = [int(mask.sum()) for mask in _cases(first, second)]
    case = st.segmented_control(
        "Tiles",
        CASES,
        key=CASE,
        default=CASES[0],
        required=True,
        format_func=lambda name: f"{name} ({counts[CASES.index(name)]:,})",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True):
        true = _class_choice("True class", TRUE, classes)
        answer = _class_choice("Answer of the first run", ANSWER, classes)
    mask = _cases(first, second)[CASES.index(case or CASES[0])].copy()
    if true is not None:
        mask &= first.labels == true
    if answer is not None:
        mask &= first.answers == answer
    _grid(first, second, np.flatnonzero(mask))


def _cases(first: Contender, second: Contender) -> tuple[np.ndarray, ...]:
    """Masks of shape (n,) in the order of CASES."""
    ours, theirs = first.right, second.right
    return ours & ~theirs, ~ours & theirs, ~ours & ~theirs, ours & theirs, np.ones(len(ours), bool)


def _class_choice(label: str, key: str, classes: Sequence[str]) -> int | None:
    if st.session_state.get(key, ANY) not in (*classes, ANY):
        st.session_state.pop(key)
    chosen = st.selectbox(label, [ANY, *classes], key=key, width=260)
    return None if chosen in (ANY, None) else classes.index(chosen)


def _grid(first: Contender, second: Contender, found: np.ndarray) -> None:
    dataset = _dataset_of(first)
    if not len(found):
        st.caption("No tile is like that.")
        return
    if dataset is None:
        st.info(
            f"The {len(found):,} tiles cannot be shown: the data set {plain(first.data)} is not here any "
            "more, or its files have changed."
        )
        return
    shown = found[:SHOWN]
    classes = first.figures.classes if first.figures else ()
    cells = [st.columns(COLUMNS) for _ in range(-(-len(shown) // COLUMNS))]
    for position, place in enumerate(shown.tolist()):
        with cells[position // COLUMNS][position % COLUMNS]:
            row = int(first.rows[place])
            name = dataset.manifest.names[row]
            st.image(_picture(dataset.name, first.fingerprint, row, dataset), alt=name)
            true, one, two = (
                plain(classes[values[place]]) for values in (first.labels, first.answers, second.answers)
            )
            st.caption(f"**{true}**  \n1: {one}  \n2: {two}")
    if len(found) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(found):,} tiles; choose classes to see others.")
    st.caption("In bold the true class, then the answers of the first and the second run.")


def _dataset_of(contender: Contender) -> Dataset | None:
    """The data set behind a run's figures, where its files are still the same."""
    info = next((info for info in list_datasets() if info.name == contender.data), None)
    if info is None:
        return None
    try:
        dataset = server().dataset(info)
    except RsdashError:
        return None
    return dataset if dataset.manifest.fingerprint == contender.fingerprint else None


@st.cache_data(max_entries=2000, show_spinner=False)
def _picture(name: str, fingerprint: str, row: int, _dataset: Dataset) -> bytes:
    """A tile as PNG; grey where it cannot be read."""
    try:
        pixels = _dataset.read_picture(row, TILE_PX)
    except RsdashError:  # the file changed since the scan
        pixels = np.full((TILE_PX, TILE_PX, 3), 128, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
