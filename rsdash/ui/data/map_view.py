"""Where the images of a data set lie: coloured by class, or by part of a split."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.charts import PART_COLORS, Places, class_color, footprints
from rsdash.data import Dataset, load_split
from rsdash.data.splits import PARTS, split_names
from rsdash.palette import NO_PART_COLOR

MAX_DRAWN = 3_000
BY_CLASS = "Class"
NO_PART = "in no part"


def map_view(dataset: Dataset, rows: np.ndarray) -> None:
    """A map of some images; without a basemap, as a tile server would learn the place.

    Args:
        dataset: the data set.
        rows: those that are not excluded, int64.
    """
    names = split_names(dataset.splits_folder)
    by = st.selectbox("Colour by", [BY_CLASS, *names], key="map-color", width=320)
    known = rows[~np.isnan(dataset.manifest.longitudes[rows])]
    drawn = known
    if len(known) > MAX_DRAWN:
        drawn = np.sort(np.random.default_rng(0).choice(known, MAX_DRAWN, replace=False))
    groups = _by_class(dataset, drawn) if by == BY_CLASS else _by_part(dataset, drawn, by)
    count = (
        f"{len(known):,} images" if len(drawn) == len(known) else f"{len(drawn):,} of {len(known):,} images"
    )
    title = f"Where {count} lie, by {'class' if by == BY_CLASS else 'part of the split'}"
    figure = footprints([_places(dataset, *group) for group in groups], title=title)
    st.plotly_chart(figure, key="map", alt=_alt(dataset, known, title))
    notes = []
    if len(drawn) < len(known):
        notes.append(f"Thinned to {len(drawn):,} images drawn at random; the others lie among them.")
    if len(known) < len(rows):
        notes.append(f"{len(rows) - len(known):,} images carry no position.")
    st.caption(" ".join([*notes, "North is up; degrees of WGS 84, as long east as north in the middle."]))


Group = tuple[str, str, np.ndarray]


def _by_class(dataset: Dataset, rows: np.ndarray) -> list[Group]:
    labels = dataset.manifest.labels[rows]
    groups = [(name, class_color(k), rows[labels == k]) for k, name in enumerate(dataset.manifest.classes)]
    return [group for group in groups if len(group[2])]


def _by_part(dataset: Dataset, rows: np.ndarray, name: str) -> list[Group]:
    split = load_split(name, dataset.splits_folder)
    parts = {part: np.intersect1d(rows, getattr(split, part)) for part in PARTS}
    used = np.concatenate(list(parts.values()))
    groups = [(NO_PART, NO_PART_COLOR, np.setdiff1d(rows, used))]
    groups += [(part, PART_COLORS[part], own) for part, own in parts.items()]
    return [group for group in groups if len(group[2])]


def _places(dataset: Dataset, name: str, color: str, rows: np.ndarray) -> Places:
    manifest = dataset.manifest
    files = [manifest.names[row] for row in rows]
    return Places(
        name,
        color,
        manifest.longitudes[rows],
        manifest.latitudes[rows],
        manifest.footprints_m[rows],
        files,
        filled=name != NO_PART,
    )


def _alt(dataset: Dataset, rows: np.ndarray, title: str) -> str:
    east, north = dataset.manifest.longitudes[rows], dataset.manifest.latitudes[rows]
    return (
        f"{title}. Longitudes from {east.min():.3f} to {east.max():.3f} degrees, "
        f"latitudes from {north.min():.3f} to {north.max():.3f}"
    )
