"""Make a data set in the browser: drop a folder, drop images on typed classes, or label them by click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from rsdash.data import open_image
from rsdash.data.building import free_name
from rsdash.data.drafts import UNLABELLED, Draft, drafts, label_in_path
from rsdash.data.made import add_draft
from rsdash.errors import RsdashError
from rsdash.ui.data.task import start_task
from rsdash.ui.pictures import png
from rsdash.ui.words import plain

SHOWN_PX, BUTTONS_PX = 320, 300
FOLDER = "A folder per class"
LAST_LABEL = "last-label"


def draft_form() -> None:
    """Choose or name a draft, fill it, and make it a data set."""
    known = [draft.name for draft in drafts()]
    name = st.selectbox(
        "Data set in the making",
        known,
        key="draft-name",
        accept_new_options=True,
        index=0 if known else None,
        placeholder="type a name",
        help="What you drop is kept here, through a reload too, until you finish or discard it.",
    )
    if not name:
        return
    try:
        draft = Draft(name)
        _fill(draft)
        counts = draft.counts()
        st.markdown(
            " · ".join(f"{plain(label)} **{count}**" for label, count in counts.items()) or "Nothing yet."
        )
        _label(draft, [label for label in counts if label != UNLABELLED])
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    _finish(draft, counts)


def _finish(draft: Draft, counts: dict[str, int]) -> None:
    """Make a data set of what has a label, or give all of it up."""
    waiting = counts.get(UNLABELLED, 0)
    usable = [label for label, count in counts.items() if count and label != UNLABELLED]
    name = free_name(None, draft.name)
    if len(usable) > 1 and waiting:
        st.caption(f"{waiting:,} have no label yet; they stay here when the others become a data set.")
    if len(usable) > 1 and name != draft.name:
        st.caption(f"There is a data set {plain(draft.name)} already; this one will be called {plain(name)}.")
    with st.container(horizontal=True):
        finished = st.button(
            "Make it a data set", key="finish-draft", type="primary", disabled=len(usable) < 2
        )
        if st.button("Discard", key="discard-draft", disabled=not counts):
            draft.discard()
            st.session_state.pop("draft-name", None)
            st.rerun()
    if finished:
        start_task(f"Reading {draft.name}", lambda report: add_draft(draft, report, name=name))


def _fill(draft: Draft) -> None:
    classes = [label for label in draft.counts() if label != UNLABELLED]
    left, right = st.columns([1, 2], gap="large")
    target = left.selectbox(
        "These images are",
        [FOLDER, *classes, UNLABELLED],
        key="draft-class",
        accept_new_options=True,
        help="A folder names its classes itself. Or type a class, or label the images afterwards.",
    )
    folder = target == FOLDER
    # another key once its files are stored: Streamlit then lets go of them
    turn = st.session_state.setdefault("draft-turn", 0)
    files = right.file_uploader(
        "Drop a folder" if folder else "Drop images",
        accept_multiple_files="directory" if folder else True,
        key=f"draft-files-{turn}",
        help="Files that are stored already are skipped.",
    )
    if files and target:
        stored = _store(draft, files, None if folder else target)
        st.session_state["draft-turn"] = turn + 1
        st.toast(_told(stored, len(files)))
        st.rerun()


def _told(stored: int, dropped: int) -> str:
    if stored == dropped:
        return "1 file stored." if stored == 1 else f"{stored:,} files stored."
    return f"{stored:,} of {dropped:,} files stored; the others were here already."


def _store(draft: Draft, files: list[Any], label: str | None) -> int:
    bar = st.progress(0.0, text="Storing")
    stored = 0
    for done, file in enumerate(files, start=1):
        stored += draft.store(label or label_in_path(file.name), file.name, file, file.size)
        bar.progress(done / len(files), text=f"Storing {done:,} of {len(files):,}")
    bar.empty()
    return stored


def _label(draft: Draft, classes: list[str]) -> None:
    """The first image without a label, and a button a class."""
    waiting = draft.unlabelled()
    if not waiting:
        return
    st.markdown(f"**{len(waiting):,} images wait for a label**")
    with st.container(horizontal=True, gap="large"):  # one below the other where it is narrow
        left, right = st.container(width=SHOWN_PX), st.container(width=BUTTONS_PX)
    picture = _picture(str(waiting[0]), waiting[0].stat().st_mtime_ns)
    if picture:
        left.image(picture, width=SHOWN_PX, caption=plain(waiting[0].name), alt=f"Image {waiting[0].name}")
    else:
        left.warning(f"{plain(waiting[0].name)} cannot be read as an image.")
        left.button("Leave it out", key="draft-leave-out", on_click=draft.remove, args=(waiting[0].name,))
    with right.container(horizontal=True):
        for label in classes:
            seen = (draft, waiting[0].name, label)  # the image that is labelled is the one that was seen
            st.button(plain(label), key=f"label-{label}", on_click=_give_label, args=seen)
        last = st.session_state.get(LAST_LABEL)
        if last and last[0] == draft.name and st.button("Undo", key="undo-label", type="tertiary"):
            st.session_state.pop(LAST_LABEL)
            draft.unlabel(*last[1:])
            st.rerun()
    new = right.text_input("Another class", key="new-class", placeholder="type its name")
    if right.button("Add the class", key="add-class", disabled=not new.strip()):
        draft.add_class(new)
        st.rerun()


def _give_label(draft: Draft, filename: str, label: str) -> None:
    try:
        draft.label(filename, label)
    except RsdashError as error:  # a second click, or somebody else was faster
        st.toast(plain(str(error)))
        return
    st.session_state[LAST_LABEL] = (draft.name, filename, label)


@st.cache_data(max_entries=50, show_spinner=False)
def _picture(path: str, stamp: int) -> bytes | None:
    """The image as PNG; None where it cannot be read."""
    try:
        image = open_image(Path(path).read_bytes(), path)
    except (OSError, RsdashError):
        return None
    height = max(1, SHOWN_PX * image.height // image.width)
    shown = image.resize((SHOWN_PX, height), Image.Resampling.NEAREST)
    return png(np.asarray(shown))
