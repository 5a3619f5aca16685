"""The training tiles that a model sees most like an image, beside each other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.config import Radiometry
from rsdash.data import Dataset, decode, picture
from rsdash.errors import RsdashError
from rsdash.inference.nearest import SHOWN, Nearest, Neighbour, features_path, training_data
from rsdash.inference.results import Prediction
from rsdash.runs.index import RunEntry
from rsdash.ui.long_action import counted, long_action
from rsdash.ui.predict.job import Job
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import plain

TILE_PX = 128
HELP = (
    "An answer is drawn from the features of the network's last layer but one. These training tiles have "
    "features of the most similar direction: the distance is 1 less the cosine of the angle, 0 for the same "
    "direction. Where their classes differ from the answer, or all are far, look twice."
)


def neighbours_view(job: Job, position: int) -> None:
    """Show what each model learnt that is nearest to an image; the first time for a model, on request."""
    st.caption("What the model learnt that is most like this image", help=HELP)
    for number, entry in enumerate(job.entries, start=1):
        found = job.found.get(entry.id)
        if not found or position >= len(found) or found.prediction(position).error:
            continue
        if len(job.entries) > 1:
            st.markdown(f"**{number}: {plain(entry.name)}**")
        try:
            _of_model(job, entry, found.prediction(position))
        except RsdashError as error:
            st.info(plain(str(error)))


def _of_model(job: Job, entry: RunEntry, prediction: Prediction) -> None:
    dataset = server().dataset(training_data(entry.request.data))
    path = features_path(entry.folder)
    if path.exists():
        content = job.images.read(prediction.file) if job.images else b""
        nearest = _asked(str(path), str(job.place), prediction.file, content, entry, job)
    else:
        nearest = long_action(
            f"nearest-{entry.id} {path.name}",
            label="Find them",
            title=f"Looking at training tiles of {entry.name}",
            action=lambda report: _ask(entry, job, prediction.file, report),
            words=_words,
        )
        if nearest is not None:
            st.rerun()  # what is asked from here on takes no time
        st.caption("The first time for a model, its training tiles are looked at; that is kept with the run.")
        return
    same = sum(one.label == prediction.classes[0] for one in nearest.found)
    st.markdown(f"{same} of the {len(nearest.found)} nearest are **{plain(prediction.classes[0])}**")
    for column, one in zip(st.columns(SHOWN), nearest.found, strict=False):
        with column:
            _tile(dataset, one, entry.request.data.radiometry)
    st.caption(_words_of(nearest))


def _tile(dataset: Dataset, one: Neighbour, radiometry: Radiometry) -> None:
    key = (dataset.name, dataset.manifest.fingerprint, radiometry.digest)
    alt = f"Training tile {one.file} of class {one.label} at distance {one.distance:.4f}"
    try:
        st.image(_picture(*key, one.row, dataset, radiometry), width="stretch", alt=alt)
    except RsdashError:
        st.caption("cannot be shown: the file is gone or changed")
    st.markdown(f"**{plain(one.label)}** {one.distance:.4f}")
    st.caption(plain(one.file))


def _words_of(nearest: Nearest) -> str:
    by = f"what goes into its layer `{nearest.layer}`" if nearest.layer else "its logits"
    drawn = "" if nearest.compared == nearest.trained_on else ", drawn at random"
    among = f"{nearest.compared:,} of {nearest.trained_on:,} training tiles{drawn}"
    return f"Cosine distances by {by}, among {among}."


def _words(progress: Progress) -> str:
    return counted(progress) if progress.total else "The inference service makes the model ready"


def _ask(entry: RunEntry, job: Job, name: str, report: Report) -> Nearest:
    from rsdash.inference.client import nearest  # brings httpx, which a page should not wait for

    report(0, 0)
    return nearest(entry.folder.path, job.place, name, report)


@st.cache_data(max_entries=256, show_spinner="Asking the model")
def _asked(features: str, place: str, name: str, content: bytes, _entry: RunEntry, _job: Job) -> Nearest:
    """Kept by the file's content too, as the service reads what lies at the place now."""
    return _ask(_entry, _job, name, lambda *_: None)


@st.cache_data(max_entries=512, show_spinner=False)
def _picture(
    name: str, fingerprint: str, digest: str, row: int, _dataset: Dataset, _radiometry: Radiometry
) -> np.ndarray:
    """uint8 (TILE_PX, TILE_PX, 3), kept once it was read.

    Raises:
        RsdashError: the file cannot be read, which is tried again the next time.
    """
    pixels = decode(_dataset.read_image(row), _dataset.manifest.names[row], _radiometry, TILE_PX)
    return picture(pixels, _radiometry)
