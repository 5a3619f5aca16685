"""Exclude files of a data set, see which are excluded, and take them back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from rsdash.data import Dataset
from rsdash.data.exclusions import Exclusions, exclude, include
from rsdash.errors import RsdashError
from rsdash.ui.words import plain

FILES_PER_PAGE = 10

_ERROR = "exclusion-error"
MEANING = (
    "Excluding never touches a file. Splits made from now on leave excluded files out; "
    "splits and runs that exist stay as they are."
)


def exclude_button(
    label: str, *, key: str, dataset: Dataset, names: Iterable[str], reason: str, disabled: bool = False
) -> None:
    """A button that excludes files."""
    args = (dataset.folder, tuple(names), reason)
    st.button(label, key=key, on_click=_exclude, args=args, disabled=disabled)


def take_back_button(label: str, *, key: str, dataset: Dataset, names: Iterable[str]) -> None:
    """A button that takes files off the list."""
    st.button(label, key=key, on_click=_include, args=(dataset.folder, tuple(names)))


def show_exclusion_error() -> None:
    """Why the last click could not be carried out, once."""
    error = st.session_state.pop(_ERROR, None)
    if error:
        st.error(plain(error))


def exclusion_list(dataset: Dataset, exclusions: Exclusions) -> None:
    """The excluded files, each with its reason and a way back."""
    count = len(exclusions)
    if not count:
        st.caption(f"No file is excluded. {MEANING}")
        return
    st.subheader("1 excluded file" if count == 1 else f"{count:,} excluded files")
    st.caption(MEANING)
    pages = -(-count // FILES_PER_PAGE)
    start = (_page(f"excluded-page-{dataset.name}", pages) - 1) * FILES_PER_PAGE
    for file in exclusions.files[start : start + FILES_PER_PAGE]:
        name, reason, back = st.columns([3, 3, 1], vertical_alignment="center")
        name.markdown(plain(file.name))
        reason.caption(plain(file.reason) or "no reason given")
        with back:
            take_back_button("Take back", key=f"take-back-{file.name}", dataset=dataset, names=[file.name])
    if count > 1:
        everything = [file.name for file in exclusions.files]
        take_back_button(f"Take all {count:,} back", key="take-back-all", dataset=dataset, names=everything)


def _page(key: str, pages: int) -> int:
    if pages == 1:
        return 1
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages  # files were taken back, and with them the last page
    return st.pagination(pages, key=key)


def _exclude(folder: Path, names: tuple[str, ...], reason: str) -> None:
    try:
        exclude(folder, names, reason)
    except RsdashError as error:
        st.session_state[_ERROR] = str(error)


def _include(folder: Path, names: tuple[str, ...]) -> None:
    try:
        include(folder, names)
    except RsdashError as error:
        st.session_state[_ERROR] = str(error)
