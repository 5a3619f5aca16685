"""A grid of sample tiles, one row a class."""

from __future__ import annotations

import io

import numpy as np
import streamlit as st
from PIL import Image

from rsdash.data import Dataset
from rsdash.errors import RsdashError
from rsdash.ui.words import plain

TILES_PER_CLASS = 8
TILE_PX = 96
CLASSES_SHOWN = 12


def tile_grid(dataset: Dataset) -> None:
    """Show some tiles of each class; another draw on request."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    classes = list(dataset.manifest.classes)
    chosen = left.multiselect("Classes", classes, key="grid-classes", placeholder="All classes")
    if right.button("Other tiles", key="grid-draw"):
        st.session_state["grid-seed"] = st.session_state.get("grid-seed", 0) + 1
    shown = (chosen or classes)[:CLASSES_SHOWN]
    for name in shown:
        strip = _strip(dataset.name, _key(dataset), name, st.session_state.get("grid-seed", 0), dataset)
        st.image(strip, caption=plain(name), alt=f"{TILES_PER_CLASS} images of class {name}")
    if len(chosen or classes) > len(shown):
        st.caption(f"The first {CLASSES_SHOWN} classes; choose others above.")


@st.cache_data(max_entries=500, show_spinner=False)
def _strip(name: str, version: str, class_name: str, seed: int, _dataset: Dataset) -> bytes:
    """Tiles of one class side by side, as PNG."""
    label = _dataset.manifest.classes.index(class_name)
    rows = np.flatnonzero(np.asarray(_dataset.manifest.labels) == label)
    drawn = np.random.default_rng((seed, label)).permutation(rows)[:TILES_PER_CLASS]
    tiles = [_tile(_dataset, int(row)) for row in drawn]
    gap = np.full((TILE_PX, 4, 4), 0, dtype=np.uint8)
    joined = [part for tile in tiles for part in (tile, gap)][:-1]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(joined, axis=1), "RGBA").save(buffer, "PNG")
    return buffer.getvalue()


def _key(dataset: Dataset) -> str:
    """Changes with what the tiles look like."""
    return f"{dataset.manifest.fingerprint} {dataset.info.radiometry.digest}"


def _tile(dataset: Dataset, row: int) -> np.ndarray:
    """One tile, uint8 of shape (TILE_PX, TILE_PX, 4); transparent where it cannot be read."""
    tile = np.zeros((TILE_PX, TILE_PX, 4), dtype=np.uint8)
    try:
        tile[..., :3] = dataset.read_picture(row, TILE_PX)
        tile[..., 3] = 255
    except RsdashError:
        pass  # the file has changed since the scan; training would refuse it by name
    return tile
