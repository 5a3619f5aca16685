"""The tiles behind the figures: where one run is right and the other wrong; of one run, where it is wrong."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from rsdash.data import Dataset, list_datasets
from rsdash.errors import RsdashError
from rsdash.evaluation.comparison import Contender
from rsdash.ui.compare.pair_choice import FIRST, SECOND, choose_shown
from rsdash.ui.pictures import png, version_of
from rsdash.ui.server import server
from rsdash.ui.words import plain

LOOK, CASE, TRUE, ANSWER = "look", "tile-case", "tile-true", "tile-answer"
ANY = "any class"
ALL = "All"
SHOWN = 36
COLUMNS = 6
TILE_PX = 112


def open_tiles(chart: str, position: int) -> None:
    """Show the tiles of the cell that was clicked in a confusion matrix of the first or second run shown."""
    points = st.session_state[chart]["selection"]["points"]
    if not points:
        return
    true, answer = (html.unescape(points[0][axis]) for axis in "yx")  # charts escape names for Plotly
    st.session_state[TRUE], st.session_state[ANSWER] = true, answer
    st.session_state[CASE] = ALL
    st.session_state[LOOK] = "Tiles"
    if position == 1:  # answers are those of the first run
        first, second = st.session_state[FIRST], st.session_state[SECOND]
        st.session_state[FIRST], st.session_state[SECOND] = second, first


def tile_view(contenders: Sequence[Contender]) -> None:
    """Choose two runs, a case and classes; see the tiles. Of one run, those that are wrong come first."""
    shown = choose_shown(contenders)
    if not shown or shown[0].figures is None:
        return
    first, classes = shown[0], shown[0].figures.classes
    cases = _cases(*shown)
    if st.session_state.get(CASE) not in cases:
        st.session_state.pop(CASE, None)
    case = st.segmented_control(
        "Tiles",
        list(cases),
        key=CASE,
        default=next(iter(cases)),
        required=True,
        format_func=lambda name: f"{name} ({cases[name].sum():,})",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True):
        true = _class_choice("True class", TRUE, classes)
        answer = _class_choice("Answer of the first run" if len(shown) > 1 else "Answer", ANSWER, classes)
    mask = cases[case].copy()
    if true is not None:
        mask &= first.labels == true
    if answer is not None:
        mask &= first.answers == answer
    _grid(shown, np.flatnonzero(mask))


def _cases(first: Contender, second: Contender | None = None) -> dict[str, np.ndarray]:
    """What can be looked at → mask of its tiles, bool of shape (n,)."""
    ours = first.right
    everything = {ALL: np.ones(len(ours), bool)}
    if second is None:
        return {"Wrong": ~ours, "Right": ours} | everything
    theirs = second.right
    return {
        "Only the first right": ours & ~theirs,
        "Only the second right": ~ours & theirs,
        "Both wrong": ~ours & ~theirs,
        "Both right": ours & theirs,
    } | everything


def _class_choice(label: str, key: str, classes: Sequence[str]) -> int | None:
    if st.session_state.get(key, ANY) not in (*classes, ANY):
        st.session_state.pop(key)
    chosen = st.selectbox(label, [ANY, *classes], key=key, width=260)
    return None if chosen in (ANY, None) else classes.index(chosen)


def _grid(shown: Sequence[Contender], found: np.ndarray) -> None:
    first, dataset = shown[0], _dataset_of(shown[0])
    if not len(found):
        st.caption("No tile is like that.")
        return
    if dataset is None:
        st.info(
            f"The {len(found):,} tiles cannot be shown: the data set {plain(first.data)} is not here, "
            "or its files have changed."
        )
        return
    classes = first.figures.classes if first.figures else ()
    cells = [st.columns(COLUMNS) for _ in range(-(-len(found[:SHOWN]) // COLUMNS))]
    for position, place in enumerate(found[:SHOWN].tolist()):
        with cells[position // COLUMNS][position % COLUMNS]:
            row = int(first.rows[place])
            name = dataset.manifest.names[row]
            st.image(_picture(dataset, row), alt=name)
            st.caption(_told(shown, classes, place))
    if len(found) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(found):,} tiles; choose classes to see others.")
    answers = "then the answers of the first and the second run" if len(shown) > 1 else "then the answer"
    st.caption(f"In bold the true class, {answers}.")


def _told(shown: Sequence[Contender], classes: Sequence[str], place: int) -> str:
    """True class of a tile and what each run took it for, a line each."""
    answers = [plain(classes[int(one.answers[place])]) for one in shown]
    numbered = [f"{number}: {answer}" for number, answer in enumerate(answers, start=1)]
    lines = numbered if len(shown) > 1 else answers
    return "  \n".join((f"**{plain(classes[int(shown[0].labels[place])])}**", *lines))


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


def _picture(dataset: Dataset, row: int) -> bytes:
    """A tile as PNG; grey where it cannot be read now, such as a file that changed since the scan."""
    try:
        return _read(dataset.name, version_of(dataset), row, dataset)
    except RsdashError:
        return png(np.full((TILE_PX, TILE_PX, 3), 128, dtype=np.uint8))


@st.cache_data(max_entries=2000, show_spinner=False)
def _read(name: str, version: str, row: int, _dataset: Dataset) -> bytes:
    """A tile as PNG, kept once it was read.

    Raises:
        RsdashError: it cannot be read, which is tried again the next time.
    """
    return png(_dataset.read_picture(row, TILE_PX))
