"""One image in detail: its picture, and what each model takes it for."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import probability_bars
from rsdash.inference.results import Prediction
from rsdash.runs.index import RunEntry
from rsdash.ui.fold import fold
from rsdash.ui.links import page
from rsdash.ui.predict.corrections_view import corrections_view
from rsdash.ui.predict.explanation import choose_explanation, explanation
from rsdash.ui.predict.job import Job
from rsdash.ui.predict.neighbours_view import neighbours_view
from rsdash.ui.predict.pictures import Shown, shown
from rsdash.ui.predict.trusting import sure_help, trust_of, unfamiliar_help
from rsdash.ui.words import plain

PICTURE_PX = 260
SCENE_FACTOR = 4
"""An image with sides more than so many times those of the model's input may be a scene."""


def detail(job: Job, position: int, ticked: Sequence[int] = ()) -> None:
    """Show an image and its answers side by side; below, what it was learnt from and what it really is.

    Args:
        job: the images and their answers.
        position: of the image.
        ticked: positions of several images that are corrected together; empty for this one alone.
    """
    first = job.entries[0]
    name = job.found[first.id].names[position]
    picture = shown(job.images, name, first.request.data.radiometry) if job.images else None
    wish = choose_explanation() if picture else None
    columns = st.columns([1, *([2] * len(job.entries))] if len(job.entries) < 3 else len(job.entries) + 1)
    with columns[0]:
        if picture:
            st.image(picture.pixels, width=PICTURE_PX, alt=f"The image {name}")
        st.text(name)
        if picture:
            _size(picture, first)
    for number, (entry, column) in enumerate(zip(job.entries, columns[1:], strict=True), start=1):
        with column:
            if len(job.entries) > 1:
                st.markdown(f"**{number}: {plain(entry.name)}**")
            found = job.found.get(entry.id)
            if found and position < len(found):
                prediction = found.prediction(position)
                _answer(job, entry, prediction)
                if wish and job.images and picture and not prediction.error:
                    explanation(entry, prediction, wish, images=job.images, pixels=picture.pixels)
            else:
                st.caption(plain(job.problems.get(entry.id, "Not predicted: it was stopped before.")))
    fold("Nearest training tiles", "open-nearest", lambda: neighbours_view(job, position))
    fold("Correct the class", "open-corrections", lambda: corrections_view(job, ticked or [position]))


def _size(picture: Shown, entry: RunEntry) -> None:
    st.caption(f"{picture.width:,} x {picture.height:,} px")
    side = entry.config.im_size
    if min(picture.width, picture.height) > SCENE_FACTOR * side:
        st.info(f"Shrunk to {side} px for one answer. If it is a scene, not a tile, have it mapped:")
        st.page_link(page("scenes"), label="Scenes")


def _answer(job: Job, entry: RunEntry, prediction: Prediction) -> None:
    if prediction.error:
        st.error(plain(prediction.error))
        return
    with st.container(key=f"answer-{entry.id}"):  # in words first: the browser's first chart takes seconds
        st.markdown(f"**{plain(prediction.classes[0])}**, {prediction.confidences[0]:.0%} sure")
    trust, classes = trust_of(entry), entry.request.data.classes
    labels = [classes.index(name) for name in prediction.classes]
    figure = probability_bars(prediction.classes, prediction.confidences, labels=labels)
    alt = f"{prediction.file}: {prediction.classes[0]}, {prediction.confidences[0]:.0%} sure"
    st.plotly_chart(figure, key=f"bars-{entry.id}", alt=alt)
    st.caption("How sure, honestly", help=sure_help(trust, symmetries=job.symmetries))
    if prediction.unfamiliar:
        st.warning("Unlike the images that the model was measured on: the answer above may say little.")
        st.caption("What the flag sees", help=unfamiliar_help(trust))
