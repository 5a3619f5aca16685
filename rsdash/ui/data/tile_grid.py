"""A grid of tiles, one row a class, of all images or of one part of a split."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.data import Dataset, load_split
from rsdash.data.splits import PARTS, split_names
from rsdash.errors import RsdashError
from rsdash.ui.pictures import png, version_of
from rsdash.ui.words import plain

TILES_PER_CLASS = 8
TILE_PX = 96
CLASSES_SHOWN = 12
FILTER_PX = 240
ALL_IMAGES = "All images"


def tile_grid(dataset: Dataset, rows: np.ndarray) -> None:
    """Show some tiles of each class; another draw on request.

    Args:
        dataset: the data set.
        rows: those that may be shown, int64.
    """
    classes = list(dataset.manifest.classes)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Classes", classes, key="grid-classes", placeholder="All classes", width=FILTER_PX
        )
        rows = np.intersect1d(rows, _part_rows(dataset), assume_unique=True)
        if st.button("Other tiles", key="grid-draw", icon=":material/shuffle:"):
            st.session_state["grid-seed"] = st.session_state.get("grid-seed", 0) + 1
    shown = [name for name in classes if name in (chosen or classes)][:CLASSES_SHOWN]
    for name in shown:
        _class_row(dataset, name, rows)
    if len(chosen or classes) > len(shown):
        st.caption(f"The first {CLASSES_SHOWN} classes; choose others above.")


def _part_rows(dataset: Dataset) -> np.ndarray:
    """Rows of the part of a split that is chosen."""
    splits = split_names(dataset.splits_folder)
    choices = {f"{part} · {name}": (name, part) for name in splits for part in PARTS}
    chosen = st.selectbox(
        "Part of a split",
        list(choices),
        index=None,
        key="grid-part",
        placeholder=ALL_IMAGES if choices else "No split yet",
        disabled=not choices,
        width=FILTER_PX,
    )
    if chosen is None:
        return np.arange(len(dataset.manifest))
    name, part = choices[chosen]
    return getattr(load_split(name, dataset.splits_folder), part)


def _class_row(dataset: Dataset, name: str, rows: np.ndarray) -> None:
    label = dataset.manifest.classes.index(name)
    own = rows[dataset.manifest.labels[rows] == label]
    seed = st.session_state.get("grid-seed", 0)
    drawn = np.random.default_rng((seed, label)).permutation(own)[:TILES_PER_CLASS]
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plain(name)}** :gray[{len(own):,} images]")
        if len(drawn):
            strip = _strip(dataset.name, version_of(dataset), tuple(drawn.tolist()), dataset)
            st.image(strip, alt=f"{len(drawn)} images of class {name}")


@st.cache_data(max_entries=500, show_spinner=False)
def _strip(name: str, version: str, rows: tuple[int, ...], _dataset: Dataset) -> bytes:
    """Tiles side by side, as PNG."""
    tiles = [_tile(_dataset, row) for row in rows]
    gap = np.full((TILE_PX, 4, 4), 0, dtype=np.uint8)
    joined = [part for tile in tiles for part in (tile, gap)][:-1]
    return png(np.concatenate(joined, axis=1))


def _tile(dataset: Dataset, row: int) -> np.ndarray:
    """One tile, uint8 of shape (TILE_PX, TILE_PX, 4); transparent where it cannot be read."""
    tile = np.zeros((TILE_PX, TILE_PX, 4), dtype=np.uint8)
    try:
        tile[..., :3] = dataset.read_picture(row, TILE_PX)
        tile[..., 3] = 255
    except RsdashError:
        pass  # the file has changed since the scan; training would refuse it by name
    return tile
