"""Choose model, data and settings, see what they cost, start."""

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import list_datasets
from rsdash.errors import RsdashError
from rsdash.jobs.submit import submit
from rsdash.ui.batch_view import batch_view
from rsdash.ui.links import page
from rsdash.ui.model_names import model_names
from rsdash.ui.preflight import preflight
from rsdash.ui.server import server
from rsdash.ui.settings_form import choose_data, config_from, fill_form, preset_picker, settings_form
from rsdash.ui.words import plain


def clone_from_url() -> None:
    """Take over the settings of the run that the URL names, once."""
    asked = st.query_params.get("from")
    if asked and st.session_state.get("cloned") != asked:
        st.session_state["cloned"] = asked
        try:
            entry = server().listing().find(asked)
        except RsdashError as error:
            st.error(plain(str(error)))
            return
        fill_form(entry.config)
        st.toast(f"Settings of {plain(entry.name)}")


def data_from_url() -> None:
    """Take over the data set and split that the URL names, once."""
    data, split = st.query_params.get("data"), st.query_params.get("split", "")
    if data and st.session_state.get("taken-data") != (data, split):
        st.session_state["taken-data"] = (data, split)
        choose_data(data, split)


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
    folded = st.expander("A batch as the network sees it", key="open-batch", on_change="rerun")
    if folded.open:
        with folded:
            batch_view(config)
except RsdashError as error:
    st.error(plain(str(error)))
