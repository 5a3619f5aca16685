"""Look at what an audit found: pairs side by side and aligned, odd images in a grid."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from rsdash.data import Dataset
from rsdash.data.audit import SYMMETRY_NAMES, Finding, Kind, Pair, symmetry
from rsdash.errors import DataError
from rsdash.ui.data.exclusion_list import exclude_button, take_back_button
from rsdash.ui.pictures import png, version_of
from rsdash.ui.words import plain

Item = TypeVar("Item")

PAIRS_PER_PAGE = 6
IMAGES_PER_PAGE = 24
PICTURE_PX = 192
CARD_WIDTH_PX = 168

_REASONS = {
    Kind.LABELS: "same image as {other} of another class",
    Kind.COPIES: "copy of {other}",
    Kind.NEAR: "nearly the same as {other}",
}
_ALL_AT_ONCE = {Kind.SIZES, Kind.MODES, Kind.BLANK}
"""Kinds of which all may be excluded by one click; those too uniform may be most of a class."""


def pair_gallery(dataset: Dataset, finding: Finding, excluded: frozenset[str]) -> None:
    """Pairs of images side by side, the second turned so that they align.

    Args:
        dataset: where they are.
        finding: with pairs.
        excluded: names of the excluded files.
    """
    names = dataset.manifest.names
    pairs = _page(dataset, finding, finding.pairs, PAIRS_PER_PAGE)
    for start in range(0, len(pairs), 2):
        for column, pair in zip(st.columns(2), pairs[start : start + 2], strict=False):
            with column, st.container(border=True, key=f"pair-{pair.first}-{pair.second}"):
                _pair(dataset, finding.kind, pair, excluded)
    if finding.kind is not Kind.LABELS and finding.count > 1:
        seconds = {names[pair.second] for pair in finding.pairs} - excluded
        exclude_button(
            f"Exclude the second of all {finding.count:,} pairs",
            key=f"exclude-all-{finding.kind.name}",
            dataset=dataset,
            names=seconds,
            reason=_REASONS[finding.kind].format(other="another image"),
            disabled=not seconds,
        )


def row_gallery(dataset: Dataset, finding: Finding, excluded: frozenset[str]) -> None:
    """Images one by one.

    Args:
        dataset: where they are.
        finding: with rows.
        excluded: names of the excluded files.
    """
    rows = _page(dataset, finding, finding.rows, IMAGES_PER_PAGE)
    with st.container(horizontal=True):
        for row in rows:
            with st.container(border=True, width=CARD_WIDTH_PX, key=f"image-{finding.kind.name}-{row}"):
                _single(dataset, finding.kind, row, excluded)
    left = {dataset.manifest.names[row] for row in finding.rows} - excluded
    if finding.kind in _ALL_AT_ONCE and finding.count > 1:
        exclude_button(
            f"Exclude all {finding.count:,}",
            key=f"exclude-all-{finding.kind.name}",
            dataset=dataset,
            names=left,
            reason=finding.kind.value,
            disabled=not left,
        )


def _page(dataset: Dataset, finding: Finding, items: tuple[Item, ...], size: int) -> tuple[Item, ...]:
    """The items of the page that a person has turned to."""
    pages = -(-len(items) // size)
    if pages == 1:
        return items
    key = f"audit-page-{dataset.name}-{dataset.manifest.fingerprint[:8]}-{finding.kind.name}"
    start = (st.pagination(pages, key=key) - 1) * size
    return items[start : start + size]


def _pair(dataset: Dataset, kind: Kind, pair: Pair, excluded: frozenset[str]) -> None:
    first, second = (dataset.manifest.names[row] for row in pair[:2])
    st.caption(_relation(pair))
    sides = (("first", pair.first, 0, second), ("second", pair.second, pair.symmetry, first))
    for column, (side, row, number, _) in zip(st.columns(2), sides, strict=True):
        with column:
            _picture(dataset, row, number, title=f"The {side} of a pair")
    # In columns of their own, so that buttons are level however long the names.
    for column, (side, row, _, other) in zip(st.columns(2), sides, strict=True):
        name, key = dataset.manifest.names[row], f"{side}-{pair.first}-{pair.second}"
        with column:
            if name in excluded:
                take_back_button(f"Take back the {side}", key=f"back-{key}", dataset=dataset, names=[name])
            else:
                reason = _REASONS[kind].format(other=other)
                label = f"Exclude the {side}"
                exclude_button(label, key=f"exclude-{key}", dataset=dataset, names=[name], reason=reason)


def _relation(pair: Pair) -> str:
    if pair.same_bytes:
        return "The two files are equal byte for byte."
    if pair.difference == 0 and pair.symmetry == 0:
        return "The pixels are equal, the files are not."
    by = f"differ by {pair.difference:.1f} of 255 grey levels on average" if pair.difference else "are equal"
    if pair.symmetry == 0:
        return f"The two {by}."
    return f"The second is shown {SYMMETRY_NAMES[pair.symmetry]} to fit the first; the two then {by}."


def _single(dataset: Dataset, kind: Kind, row: int, excluded: frozenset[str]) -> None:
    name = dataset.manifest.names[row]
    _picture(dataset, row, 0, title=kind.value.capitalize())
    if kind is Kind.SIZES:
        st.caption(f"{dataset.manifest.widths[row]} × {dataset.manifest.heights[row]} px")
    key = f"{kind.name}-{row}"
    if name in excluded:
        take_back_button("Take back", key=f"back-{key}", dataset=dataset, names=[name])
    else:
        exclude_button("Exclude", key=f"exclude-{key}", dataset=dataset, names=[name], reason=kind.value)


def _picture(dataset: Dataset, row: int, number: int, *, title: str) -> None:
    """An image with its class and file name; a sentence where it cannot be read."""
    name = dataset.manifest.names[row]
    kind = dataset.manifest.classes[dataset.manifest.labels[row]]
    try:
        content = _png(dataset.name, version_of(dataset), row, number, dataset)
        st.image(content, width="stretch", alt=f"{title}: {name}, class {kind}")
    except DataError as error:
        st.caption(plain(str(error)))
    with st.container(gap=None):
        st.markdown(f"**{plain(kind)}**")
        st.caption(plain(name))


@st.cache_data(max_entries=500, show_spinner=False)
def _png(name: str, version: str, row: int, number: int, _dataset: Dataset) -> bytes:
    """One image as PNG, under one of the 8 symmetries."""
    return png(symmetry(_dataset.read_picture(row, PICTURE_PX), number))
