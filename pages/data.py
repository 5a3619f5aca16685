"""The data sets: add one, see its images, what is wrong with it, and how it is split."""

import streamlit as st

from rsdash.data import DatasetInfo, list_datasets
from rsdash.errors import RsdashError
from rsdash.ui.data.actions import dataset_actions
from rsdash.ui.data.audit_view import audit_view
from rsdash.ui.data.image_view import image_view
from rsdash.ui.data.sources import add_data
from rsdash.ui.data.split_view import split_view
from rsdash.ui.data.task import adding, task_progress
from rsdash.ui.form_links import offer_anew
from rsdash.ui.links import follow_address, page, write_address
from rsdash.ui.server import server
from rsdash.ui.words import plain

VIEWS = {"Images": image_view, "Audit": audit_view, "Splits": split_view}


def facts(info: DatasetInfo) -> None:
    """One line on what it is and where it comes from."""
    words = [f"{info.image_count:,} images", f"{len(info.classes)} classes", plain(info.origin or info.kind)]
    if info.synthetic:
        words.append("**synthetic: drawn by a program, not seen by a sensor**")
    if not info.radiometry.is_rgb8:
        words.append(f"bands {plain(', '.join(info.radiometry.channel_names))}")
    if info.licence:
        words.append(plain(info.licence))
    st.markdown(" · ".join(words))
    if info.citation:
        st.caption(plain(info.citation))


st.title("Data")
infos = {info.name: info for info in list_datasets()}
with st.container():  # keeps the place of what follows, so that it stays open when a message comes
    task_progress()
with st.expander("Add a data set", expanded=not infos):
    add_data()
if not infos:
    if not adding():
        st.info("No data set yet. Draw the built-in sample, or bring images of your own above.")
    st.stop()

if missing := follow_address("data", "shown-data", infos):
    st.warning(f"There is no data set {plain(missing)} here; another one is shown.")
with st.container(horizontal=True, vertical_alignment="bottom"):
    name = st.selectbox("Data set", list(infos), key="shown-data")
    dataset_actions(infos[name])
    offer_anew()
    st.page_link(
        page("train"),
        label="Train on it",
        icon=":material/model_training:",
        query_params={"data": name},
        width="content",
    )
write_address("data", "shown-data", name)
facts(infos[name])
view = st.segmented_control(
    "View",
    list(VIEWS),
    key="view",
    default="Images",
    required=True,
    bind="query-params",
    label_visibility="collapsed",
)
try:
    VIEWS[view](server().dataset(infos[name]))
except RsdashError as error:
    st.error(plain(str(error)))
