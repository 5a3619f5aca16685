"""Where in the image each model looks: a map with an opacity slider, asked from the inference service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from rsdash.data.loose import LooseImages
from rsdash.errors import RsdashError
from rsdash.inference.results import GRAD_CAM, OCCLUSION, Explanation, Prediction
from rsdash.runs.index import RunEntry
from rsdash.ui.predict.overlay import overlay
from rsdash.ui.words import plain

NONE = "Off"
LABELS = {NONE: NONE, GRAD_CAM: "Grad-CAM", OCCLUSION: "Occlusion"}
SHOWN_PX = 300
HELP = (
    "Where the image speaks for the most probable class. Grad-CAM weighs the maps of the last convolution "
    "(of a ResNet, of its last block) by the gradient of the class: fast, and as coarse as these maps. "
    "Occlusion covers a part at a time with the mean colour and watches how sure the model remains: slow, "
    "and the same for every network. Neither says that the model is right."
)


@dataclass(frozen=True)
class Wish:
    """How explanations are to be drawn: `method` of the service, and `opacity` from 0 to 1."""

    method: str
    opacity: float


def choose_explanation() -> Wish | None:
    """Offer the methods and, with one of them, an opacity."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Explanation",
            list(LABELS),
            key="explain",
            default=NONE,
            required=True,
            format_func=lambda name: LABELS[name],
            help=HELP,
        )
        if method in (None, NONE):
            return None
        percent = st.slider("Opacity (%)", 0, 100, 60, key="explain-opacity", width=220)
    return Wish(str(method), percent / 100)


def explanation(
    entry: RunEntry, prediction: Prediction, wish: Wish, *, images: LooseImages, pixels: np.ndarray
) -> None:
    """Draw what a run's model says of an image.

    Args:
        entry: the run.
        prediction: its answer, which is explained.
        wish: method and opacity.
        images: where the image is.
        pixels: the image as it is shown, uint8 (height, width, 3).
    """
    name, label = prediction.file, prediction.classes[0]
    weights = f"{entry.id} {entry.state.updated_at}"
    try:
        with st.spinner(f"{LABELS[wish.method]}: asking the model"):
            found = _asked(weights, name, images.read(name), wish.method, label, entry)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    values = np.array(found.values)
    st.image(
        overlay(pixels, values, wish.opacity, signed=found.method == OCCLUSION),
        width=SHOWN_PX,
        alt=f"{LABELS[found.method]} for {found.label} over {name}",
    )
    st.caption(_words(found, values))


def _words(found: Explanation, values: np.ndarray) -> str:
    label = plain(found.label)
    if found.method == OCCLUSION:
        return (
            f"Covering a window of {found.covered:.0%} of the side lowers the confidence in {label} by up to "
            f"{max(0.0, float(values.max())):.0%} (red) and raises it by up to "
            f"{max(0.0, -float(values.min())):.0%} (blue)."
        )
    if not values.any():
        return f"Nothing in the maps of `{found.layer}` speaks for {label}."
    rows, columns = values.shape
    return f"Speaks for {label}, by {rows} × {columns} cells of `{found.layer}`."


@st.cache_data(max_entries=128, show_spinner=False)
def _asked(weights: str, name: str, content: bytes, method: str, label: str, _entry: RunEntry) -> Explanation:
    from rsdash.inference.client import explain  # brings httpx, which a page should not wait for

    return explain(_entry.folder.path, (name, content), method=method, label=label)
