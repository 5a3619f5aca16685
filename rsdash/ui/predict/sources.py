"""Which images are to be predicted: dropped ones, a dropped zip or folder, or a path on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from rsdash.data.dropped import dropped_place, keep_dropped
from rsdash.errors import RsdashError
from rsdash.ui.places import server_path
from rsdash.ui.uploads import Dropped
from rsdash.ui.words import plain

DROP, FOLDER, PATH = "Drop images or a zip", "Drop a folder", "On this machine"
FORMATS = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "bmp"]
IMAGES = Dropped("dropped", "images", dropped_place)


@dataclass(frozen=True)
class Chosen:
    """Images that were chosen.

    Attributes:
        place: the image, folder or zip.
        title: what it is called on the page.
        at_once: whether choosing it means that it is to be predicted.
    """

    place: Path
    title: str
    at_once: bool


def choose_images() -> Chosen | None:
    """Offer the ways to bring images; what was dropped outlives a reload of the page."""
    way = st.segmented_control(
        "Images from",
        (DROP, FOLDER, PATH),
        key="images-from",
        default=DROP,
        required=True,
        bind="query-params",
    )
    if way == PATH:
        return _path()
    if way == FOLDER:
        return _dropped(
            st.file_uploader(
                "Folder",
                type=FORMATS,
                accept_multiple_files="directory",
                key="image-folder",
                on_change=IMAGES.forget_what_was_taken_away,
                args=("image-folder",),
            )
        )
    files = st.file_uploader(
        "Images",
        type=[*FORMATS, "zip"],
        accept_multiple_files=True,
        key="images",
        on_change=IMAGES.forget_what_was_taken_away,
        args=("images",),
    )
    return _dropped(files)


def _dropped(files: Sequence[UploadedFile] | None) -> Chosen | None:
    files = files or ()
    try:
        place = IMAGES.place(files, lambda: keep_dropped([(file.name, file) for file in files]))
    except RsdashError as error:
        st.error(plain(str(error)))
        return None
    return place and Chosen(place, "the dropped images", at_once=True)


def _path() -> Chosen | None:
    text = st.text_input(
        "Image, folder or zip",
        key="image-path",
        bind="query-params",
        placeholder="/path/to/folder-or.zip",
        help="It is read where it lies. Where folders are named after classes of the model, its figures "
        "on these images are shown.",
    )
    if not text.strip():
        return None
    try:
        place = server_path(text)
    except RsdashError as error:
        st.error(plain(str(error)))
        return None
    return Chosen(place, str(place), at_once=False)
