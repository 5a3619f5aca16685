"""Saying what an image really shows, and sending it to a data set that can be trained on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.data.corrections import CLASSES_OF_A_SET, Corrections
from rsdash.data.loose import LooseImages
from rsdash.errors import RsdashError
from rsdash.ui.links import page
from rsdash.ui.predict.job import Job, digest_of
from rsdash.ui.words import plain

TOLD = "corrections-told"


def corrections_view(job: Job, positions: Sequence[int]) -> None:
    """Choose the true class of one image or of several and send them; take back what was sent.

    Args:
        job: the images and their answers.
        positions: of the images, at least one.
    """
    if told := st.session_state.pop(TOLD, ""):
        st.toast(plain(told))
    found, data = job.found[job.entries[0].id], job.entries[0].request.data
    names = [found.names[position] for position in positions if position not in found.errors]
    if not names or job.images is None:
        st.caption("An image that cannot be read cannot be corrected.")
        return
    try:
        corrections = Corrections(data.name, data.classes, data.radiometry)
        with st.container(key=f"true-class-{positions[0] if len(positions) == 1 else 'many'}"):
            _form(corrections, job.images, names)
        _facts(corrections)
    except RsdashError as error:
        st.error(plain(str(error)))


def _form(corrections: Corrections, images: LooseImages, names: Sequence[str]) -> None:
    sent = {corrections.class_of(images.read(name)) for name in names}
    before = next(iter(sent)) if len(sent) == 1 else None
    many = f"{len(names):,} images" if len(names) > 1 else "the image"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "True class" if len(names) == 1 else f"True class of all {many} that are ticked",
            corrections.classes,
            index=corrections.classes.index(before) if before else None,
            key=f"true-class-{digest_of(corrections.name, str(images.place), *names)}",  # theirs alone
            placeholder="What it shows",
            width=320,
        )
        if st.button("Send to corrections", key="send-correction", disabled=label in (None, before)):
            new = corrections.send(((name, images.read(name)) for name in names), str(label))
            tell = "1 image" if new == 1 else f"{new:,} images"
            st.session_state[TOLD] = f"{tell} sent to {corrections.name} as {label}."
            st.rerun()
        if sent != {None} and st.button("Take back", key="take-back-correction", type="tertiary"):
            back = corrections.take_back(images.read(name) for name in names)
            tell = "1 image" if back == 1 else f"{back:,} images"
            st.session_state[TOLD] = f"{tell} taken back from {corrections.name}."
            st.rerun()
    if before:
        st.caption(f"Sent as {plain(before)}; another class takes its place.")


def _facts(corrections: Corrections) -> None:
    """How many corrections there are, and where."""
    counts = corrections.counts()
    if not counts:
        st.caption(f"No corrections of {plain(corrections.source)} yet. They become a data set of their own.")
        return
    total = sum(counts.values())
    tell = "1 correction" if total == 1 else f"{total:,} corrections"
    each = ", ".join(f"{plain(label)} {count:,}" for label, count in counts.items())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{tell}**: {each}", width="content")
        if corrections.is_dataset:
            st.page_link(
                page("data"),
                label=f"Data set {plain(corrections.name)}",
                query_params={"data": corrections.name},
                width="content",
            )
    if len(counts) < CLASSES_OF_A_SET:
        st.caption("They become a data set as soon as a second class is among them.")
