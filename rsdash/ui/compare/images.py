"""Which images the chosen runs are compared on: their own, or others they were evaluated on since."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.runs.folder import OWN_IMAGES
from rsdash.runs.index import RunEntry

KEY = "measured-on"
OWN_LABEL = "Each run's own test images"


def choose_images(entries: Sequence[RunEntry]) -> str:
    """A list where any run has further evaluations; returns the label of the chosen one."""
    counts: dict[str, int] = {}
    for entry in entries:
        for label in entry.folder.evaluation_paths():
            counts[label] = counts.get(label, 0) + 1
    further = sorted(set(counts) - {OWN_IMAGES})
    if not further:
        return OWN_IMAGES
    if st.session_state.get(KEY) not in (OWN_IMAGES, *further):
        st.session_state[KEY] = OWN_IMAGES
    return st.selectbox(
        "Compare on",
        [OWN_IMAGES, *further],
        key=KEY,
        format_func=lambda label: OWN_LABEL if label == OWN_IMAGES else f"{label} ({counts[label]} runs)",
        help="The Run page evaluates a run on further data sets and splits.",
        width=420,
    )
