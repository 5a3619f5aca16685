"""The form for another split."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from rsdash.data import Dataset
from rsdash.data.official import known_lists
from rsdash.data.public import PUBLIC_SETS
from rsdash.data.splits import SplitRequest
from rsdash.data.splits.blocks import MIN_FOOTPRINTS, footprint
from rsdash.data.splits.grouping import read_table
from rsdash.data.splitting import add_official_split, add_splits, known_twins
from rsdash.errors import DataError, RsdashError
from rsdash.ui.uploads import stored
from rsdash.ui.words import plain

SHARES, FOLDS, LISTS = "By shares", "In folds", "Official lists"
PARTS = ("train", "validation", "test")
LOOK_AT = "split-to-look-at"
"""In the session: the split just made; the list above is drawn by then and takes it at the next run."""


def split_form(dataset: Dataset) -> None:
    """Choose how, press *Make the split*; what does not fit is one sentence and changes nothing."""
    how = st.segmented_control("How", [SHARES, FOLDS, LISTS], key="split-how", default=SHARES, required=True)
    with tempfile.TemporaryDirectory(prefix="rsdash-lists-") as place:
        settings = _lists(dataset, Path(place)) if how == LISTS else _settings(dataset, how, Path(place))
        name = st.text_input("Name", key="split-name", placeholder="says how it was made")
        if st.button("Make the split", key="make-split", type="primary", disabled=settings is None):
            _make(dataset, SplitRequest(**(settings or {}), name=name.strip()))
    if made := st.session_state.pop("split-made", None):
        st.success(f"Stored: {plain(made)}.")


def _settings(dataset: Dataset, how: str, place: Path) -> dict[str, Any] | None:
    """Shares and what must stand on one side; None where its table cannot be read, which is said."""
    shares = _shares(how)
    try:
        return shares | _apart(dataset, place)
    except DataError as error:
        st.error(plain(str(error)))
        return None


def _make(dataset: Dataset, request: SplitRequest) -> None:
    try:
        made = add_splits(dataset, request)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    _show(", ".join(split.name for split in made), made[0].name)


def _show(text: str, name: str) -> None:
    st.session_state["split-made"] = text
    st.session_state[LOOK_AT] = name
    st.rerun()


def _shares(how: str) -> dict[str, Any]:
    first, second, third, fourth = st.columns(4)
    validation = first.number_input(
        "Validation (%)",
        0.0,
        80.0,
        20.0,
        5.0,
        format="%g",
        key="split-validation",
        help="Images to select on; 0 selects nothing.",
    )
    if how == FOLDS:
        folds = second.number_input("Folds", 2, 20, 5, key="split-folds", help="Each image is tested once.")
        chosen: dict[str, Any] = {"folds": int(folds)}
    else:
        test = second.number_input("Test (%)", 5.0, 80.0, 20.0, 5.0, format="%g", key="split-test")
        chosen = {"test_share": round(test / 100, 4)}
    seed = third.number_input("Seed", 0, 2**31 - 1, 0, key="split-seed", help="Another one, other images.")
    limit = fourth.number_input(
        "Limit per class", 5, None, None, key="split-limit", placeholder="all images", help="At most so many."
    )
    return chosen | {
        "validation_share": round(validation / 100, 4),
        "split_seed": int(seed),
        "limit_per_class": limit,
    }


def _apart(dataset: Dataset, place: Path) -> dict[str, Any]:
    """What must stand on one side.

    Raises:
        DataError: the dropped table cannot be read.
    """
    twins = known_twins(dataset)
    st.markdown("**Keep together**")
    st.caption(
        f"Duplicates: {plain(twins.checked['duplicates'])}."
        if twins
        else "Duplicates: not known; the audit finds them, and splits made after it keep them together."
    )
    left, right = st.columns(2, gap="large")
    with right:
        settings = _blocks(dataset)
    with left:
        settings["pattern"] = st.text_input(
            "Images whose file names share this pattern",
            key="split-pattern",
            placeholder=r"scene(\d+)_",
            help="A regular expression; what its first group finds must be equal.",
        ).strip()
        table = st.file_uploader(
            "Images that share a value in a table",
            type=["csv", "txt"],
            key="split-table",
            help="A csv with a header; the first column names the file, another one the scene, site or date.",
        )
        if table is not None:
            settings["table"] = stored(table, place)
            header, _ = read_table(settings["table"])
            settings["column"] = st.selectbox("Column", header[1:], key="split-column") or ""
    return settings


def _blocks(dataset: Dataset) -> dict[str, Any]:
    if not dataset.manifest.has_positions:
        st.caption(
            "Neighbours on the ground: positions unknown, so neighbours may sit on both sides. GeoTIFF tiles "
            "know theirs; for others, a pattern or a table can say what belongs together."
        )
        return {}
    if not st.toggle("Neighbours, by spatial blocks", key="split-blocks"):
        return {}
    tile_m = footprint(dataset.manifest)
    block = st.number_input(
        "Side of a block (m)",
        min_value=round(MIN_FOOTPRINTS * tile_m),
        value=round(8 * tile_m),
        key=f"split-block-m-{dataset.name}",
        help=f"Tiles are {tile_m:,.0f} m wide; a block is {MIN_FOOTPRINTS} of them wide or more.",
    )
    gap = st.number_input(
        "Gap between parts (m)", min_value=0, value=round(tile_m), key=f"split-gap-m-{dataset.name}"
    )
    return {"block_m": float(block), "gap_m": float(gap)}


def _lists(dataset: Dataset, place: Path) -> dict[str, Any] | None:
    for public, split in known_lists():
        title = PUBLIC_SETS[public].title
        if st.button(f"Fetch the {split} lists of {title}", key=f"fetch-{public}-{split}"):
            try:
                with st.spinner("Fetching"):
                    made = add_official_split(dataset, public, split)
                _show(made.name, made.name)
            except RsdashError as error:
                st.error(plain(str(error)))
    st.caption("Or drop one list of file names a part; a csv is read by its first column.")
    lists = {}
    for column, part in zip(st.columns(3), PARTS, strict=True):
        file = column.file_uploader(part.capitalize(), type=["txt", "csv"], key=f"list-{part}")
        if file is not None:
            lists[part] = stored(file, place / part)
    return {"lists": lists} if "train" in lists and len(lists) > 1 else None
