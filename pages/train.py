"""Choose model, data and settings, see what they cost, start."""

from collections.abc import Callable

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import list_datasets
from rsdash.errors import RsdashError
from rsdash.jobs.submit import submit
from rsdash.ui.batch_view import batch_view
from rsdash.ui.fold import fold
from rsdash.ui.form_links import fill_from_address
from rsdash.ui.form_memory import NAME_KEY, forget_what_was_queued, store
from rsdash.ui.grid_form import grid_form
from rsdash.ui.links import page
from rsdash.ui.model_names import model_names
from rsdash.ui.preflight import preflight
from rsdash.ui.rate_view import rate_view
from rsdash.ui.schedule_view import command_view, schedule_view
from rsdash.ui.server import server
from rsdash.ui.settings_form import preset_picker, settings_form
from rsdash.ui.words import plain

WAITING = "The settings do not fit yet: see the note in red above."


def start(config: RunConfig, name: str) -> None:
    taken = {entry.name for entry in server().listing().entries}
    folder = submit(config, runs_dir=server().runs_dir, name=name or None, taken_names=taken)
    server().refresh()
    forget_what_was_queued()
    st.switch_page(page("run"), query_params={"run": folder.id})


def once_they_fit(draw: Callable[[RunConfig], None]) -> None:
    """Draw a part of the page from the settings, or say that they do not fit yet."""
    if config:
        draw(config)
    else:
        st.caption(WAITING)


st.title("Train")
fill_from_address()
preset_picker()
datasets = sorted({"sample", *(info.name for info in list_datasets())})
form = settings_form(models=model_names(), datasets=datasets)
config = form.config

if form.values["split"]:
    st.caption("The stored split decides what trains and tests; shares and split seed are not used.")

st.divider()
name = st.text_input("Name of the run", key=NAME_KEY, placeholder="made from model, data and seed").strip()
store(server().forms)  # before what takes longer, so that a reload in the middle loses nothing
problem = st.container()
left, right = st.columns([1, 3])
with right:
    preflight(config)
with left:
    if st.button("Start", type="primary", key="start", width="stretch", disabled=config is None) and config:
        with st.spinner("Checking data and settings"):
            try:
                start(config, name)
            except RsdashError as error:
                problem.error(plain(str(error)))
    if config is None:
        st.caption(WAITING)
if config:
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        schedule_view(config)
    with right:
        command_view(config, name)
fold("Find a learning rate", "open-rate", lambda: once_they_fit(rate_view))
fold("Try several values", "open-grid", lambda: grid_form(form.values, name))
fold("A batch as the network sees it", "open-batch", lambda: once_they_fit(batch_view))
