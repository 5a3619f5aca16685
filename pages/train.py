"""Choose model, data and settings, see what they cost, start."""

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import list_datasets
from rsdash.errors import RsdashError
from rsdash.jobs.submit import submit
from rsdash.ui.batch_view import batch_view
from rsdash.ui.fold import fold
from rsdash.ui.form_links import clone_from_url, data_from_url
from rsdash.ui.grid_form import grid_form
from rsdash.ui.links import page
from rsdash.ui.model_names import model_names
from rsdash.ui.preflight import preflight
from rsdash.ui.rate_view import rate_view
from rsdash.ui.schedule_view import command_view, schedule_view
from rsdash.ui.server import server
from rsdash.ui.settings_form import config_from, preset_picker, settings_form
from rsdash.ui.words import plain


def start(config: RunConfig, name: str) -> None:
    taken = {entry.name for entry in server().listing().entries}
    folder = submit(config, runs_dir=server().runs_dir, name=name.strip() or None, taken_names=taken)
    server().refresh()
    st.switch_page(page("run"), query_params={"run": folder.id})


st.title("Train")
clone_from_url()
preset_picker()
data_from_url()
datasets = sorted({"sample", *(info.name for info in list_datasets())})
values = settings_form(models=model_names(), datasets=datasets)

if values["split"]:
    st.caption("The stored split decides what trains and tests; shares and split seed are not used.")

st.divider()
name = st.text_input("Name of the run", key="run-name", placeholder="made from model, data and seed")
try:
    config = config_from(values)
    left, right = st.columns([1, 3])
    with right:
        preflight(config)
    with left:
        if st.button("Start", type="primary", key="start", width="stretch"):
            with st.spinner("Checking data and settings"):
                start(config, name)
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        schedule_view(config)
    with right:
        command_view(config)
    fold("Find a learning rate", "open-rate", lambda: rate_view(config))
    fold("Try several values", "open-grid", lambda: grid_form(values, config, name))
    fold("A batch as the network sees it", "open-batch", lambda: batch_view(config))
except RsdashError as error:
    st.error(plain(str(error)))
