"""Ways to add a data set: a path, a dropped zip or images, a scene, a public download, the sample."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import streamlit as st

from rsdash.data import PUBLIC_SETS, add_dataset, add_upload, download, list_datasets, open_dataset
from rsdash.data.disk import megabytes
from rsdash.errors import RsdashError
from rsdash.ui.data.draft_form import draft_form
from rsdash.ui.data.radiometry_form import chosen_radiometry, preview
from rsdash.ui.data.scene_form import scene_form
from rsdash.ui.data.task import adding, start_task
from rsdash.ui.places import server_path
from rsdash.ui.words import plain

PATH, ZIP, IMAGES, SCENE, DOWNLOAD, SAMPLE = (
    "On this machine",
    "Drop a zip",
    "Drop images",
    "Tiles from a scene",
    "Download",
    "Sample",
)


def add_data() -> None:
    """Choose a source; each starts a task whose progress the page shows."""
    forms = {
        PATH: _path,
        ZIP: _zip,
        IMAGES: draft_form,
        SCENE: scene_form,
        DOWNLOAD: _download,
        SAMPLE: _sample,
    }
    chosen = st.segmented_control(
        "Source", list(forms), key="source", default=PATH, required=True, label_visibility="collapsed"
    )
    forms[chosen]()


def _path() -> None:
    text = st.text_input("Folder or zip", key="data-path", placeholder="/path/to/folder-or.zip", help=_LAYOUT)
    radiometry = chosen_radiometry("path")
    if not text.strip() or radiometry is None:
        return
    try:
        path = server_path(text)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    with st.container(horizontal=True):
        add = st.button("Add", key="add-path", type="primary")
        look = st.button("Preview", key="preview-path")
    if add:
        start_task(
            f"Reading {path}", lambda report: add_dataset(path, on_progress=report, radiometry=radiometry)
        )
    if look:
        preview(path, radiometry)


def _zip() -> None:
    turn = st.session_state.setdefault("zip-turn", 0)  # another key once it is kept: Streamlit lets go of it
    file = st.file_uploader(
        "Zip with one folder per class", type=["zip"], key=f"data-zip-{turn}", help=_LAYOUT
    )
    radiometry = chosen_radiometry("zip")
    off = file is None or radiometry is None
    with st.container(horizontal=True):
        add = st.button("Add", key="add-zip", type="primary", disabled=off)
        look = st.button("Preview", key="preview-zip", disabled=off)
    if file is None or radiometry is None:
        return
    if add:
        if not adding():
            st.session_state["zip-turn"] = turn + 1
        start_task(
            f"Reading {file.name}",
            lambda report: add_upload(file, file.name, on_progress=report, radiometry=radiometry),
        )
    if look:
        with tempfile.NamedTemporaryFile(prefix="rsdash-preview-", suffix=".zip") as kept:
            shutil.copyfileobj(file, kept)
            kept.flush()
            file.seek(0)
            preview(Path(kept.name), radiometry)


def _download() -> None:
    known = {info.name for info in list_datasets()}
    for name, entry in PUBLIC_SETS.items():
        st.markdown(
            f"**{plain(entry.title)}** · {entry.classes} classes · {entry.images:,} images · "
            f"{plain(entry.resolution)} · {megabytes(entry.size_bytes)}"
        )
        st.caption(f"Terms: {plain(entry.licence)}. {plain(entry.citation)}")
        accepted = True
        if entry.must_accept and name not in known:
            accepted = st.checkbox("I accept these terms", key=f"accept-{name}")
        if st.button(
            "Already here" if name in known else "Download",
            key=f"download-{name}",
            disabled=name in known or not accepted,
        ):
            start_task(
                f"Downloading {entry.title}",
                lambda report, name=name: download(name, on_progress=report, accepted=True),
            )


def _sample() -> None:
    st.markdown("Ten land-cover classes drawn by a program: works without a network, and is no real imagery.")
    there = any(info.name == "sample" for info in list_datasets())
    if st.button("Draw the sample", key="add-sample", disabled=there or adding()):
        start_task("Drawing the sample", lambda report: open_dataset("sample", on_progress=report))


_LAYOUT = "One folder per class with images inside, or train, val and test folders that hold these."
