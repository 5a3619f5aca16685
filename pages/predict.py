"""Drop images on trained models and read what they take them for, and how sure they are."""

import streamlit as st

from rsdash.runs.states import EVALUATED
from rsdash.ui.links import page
from rsdash.ui.predict.job import predicted
from rsdash.ui.predict.models import choose_models
from rsdash.ui.predict.results_view import results_view
from rsdash.ui.predict.sources import choose_images
from rsdash.ui.server import server

st.title("Predict")
usable = [e for e in server().listing().entries if e.state.state in EVALUATED and not e.example]
entries = choose_models(usable)
if not entries:
    st.info("No trained model yet: predictions need a run that is finished or was stopped.")
    st.page_link(page("train"), label="Train a model")
    st.stop()
symmetries = st.toggle(
    "Average over the 8 symmetries",
    key="symmetries",
    help="Each image is turned and mirrored in all 8 ways of a square and the answers are averaged: 8 times "
    "the work, and on tiles seen from above often a little better.",
)
chosen = choose_images()
if chosen is None:
    st.stop()
job = predicted(chosen, entries, symmetries=symmetries)
if job is not None:
    results_view(job)
