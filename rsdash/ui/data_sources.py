"""Ways to add a data set: the sample, a path, a dropped zip, a public download."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rsdash.data import PUBLIC_SETS, Dataset, add_dataset, add_upload, download, list_datasets, open_dataset
from rsdash.ui.server import server
from rsdash.ui.words import duration, plain

TASK = "data"
TICK_S = 0.5


def add_data() -> None:
    """One tab a source; each starts a task whose progress the page shows."""
    known = {info.name for info in list_datasets()}
    own, dropped, public, sample = st.tabs(
        ["Folder or zip on this machine", "Drop a zip", "Download", "Sample"]
    )
    with own:
        path = st.text_input("Path", key="data-path", placeholder="/path/to/folder-or.zip", help=_LAYOUT)
        if st.button("Add", key="add-path", disabled=not path.strip()):
            _start(
                f"Reading {path.strip()}", lambda report: add_dataset(Path(path.strip()), on_progress=report)
            )
    with dropped:
        file = st.file_uploader("Zip with one folder per class", type=["zip"], key="data-zip", help=_LAYOUT)
        if st.button("Add", key="add-zip", disabled=file is None) and file is not None:
            _start(f"Reading {file.name}", lambda report: add_upload(file, file.name, on_progress=report))
    with public:
        for name, entry in PUBLIC_SETS.items():
            st.markdown(f"**{plain(entry.title)}** · {plain(entry.licence)}")
            st.caption(plain(entry.citation))
            if st.button("Download", key=f"download-{name}", disabled=name in known):
                _start(f"Downloading {name}", lambda report, name=name: download(name, on_progress=report))
    with sample:
        st.markdown(
            "Ten land-cover classes drawn by a program: works without a network, and is no real imagery."
        )
        if st.button("Draw the sample", key="add-sample", disabled="sample" in known):
            _start("Drawing the sample", lambda report: open_dataset("sample", on_progress=report))


def task_progress() -> None:
    """Progress, result or error of the latest task."""
    task = server().tasks.get(TASK)
    if task is None:
        return
    if not task.finished:
        _watch()
        return
    if task.error:
        st.error(plain(task.error))
    elif isinstance(task.result, Dataset):
        info = task.result.info
        st.success(f"Added {plain(info.name)}: {info.image_count:,} images of {len(info.classes)} classes.")
        st.session_state["shown-data"] = info.name
    server().tasks.forget(TASK)


@st.fragment(run_every=TICK_S)
def _watch() -> None:
    task = server().tasks.get(TASK)
    if task is None or task.finished:
        st.rerun()
        return
    left = "" if task.remaining_s is None else f", about {duration(task.remaining_s)} left"
    count = f" {task.done:,} of {task.total:,}" if task.total else ""
    st.progress(task.share, text=f"{plain(task.title)}{count}{left}")
    if st.button("Stop", key="stop-data"):
        task.stop()


def _start(title: str, action) -> None:
    server().tasks.start(TASK, title, action)
    st.rerun()


_LAYOUT = "One folder per class with images inside, or train, val and test folders that hold these."
