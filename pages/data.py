"""The data sets: add one, see its classes and its images, and what could not be read."""

import streamlit as st

from rsdash.charts import class_counts
from rsdash.data import list_datasets, open_dataset
from rsdash.errors import RsdashError
from rsdash.ui.data_sources import add_data, task_progress
from rsdash.ui.links import page
from rsdash.ui.tile_grid import tile_grid
from rsdash.ui.words import plain

st.title("Data")
infos = {info.name: info for info in list_datasets()}
task_progress()
with st.expander("Add a data set", expanded=not infos):
    add_data()
if not infos:
    st.info("No data set yet. Draw the built-in sample, or bring images of your own above.")
    st.stop()

asked = st.query_params.get("data")
if "shown-data" not in st.session_state and asked in infos:
    st.session_state["shown-data"] = asked
name = st.selectbox("Data set", list(infos), key="shown-data")
st.query_params["data"] = name
info = infos[name]
facts = [f"{info.image_count:,} images", f"{len(info.classes)} classes", plain(info.kind)]
if info.synthetic:
    facts.append("**synthetic: drawn by a program, not seen by a sensor**")
if info.licence:
    facts.append(plain(info.licence))
st.markdown(" · ".join(facts))
if info.citation:
    st.caption(plain(info.citation))
try:
    dataset = open_dataset(name)
    left, right = st.columns([2, 3], gap="large")
    with left:
        alt = ", ".join(f"{cls} {count}" for cls, count in info.counts.items())
        st.plotly_chart(class_counts(info.counts), key="counts", alt=f"Images of each class: {alt}")
    with right:
        tile_grid(dataset)
    if dataset.manifest.refused:
        st.subheader(f"{len(dataset.manifest.refused)} files are not used")
        rows = [{"File": refusal.name, "Reason": refusal.reason} for refusal in dataset.manifest.refused]
        st.dataframe(rows, hide_index=True, alt="Files that are not used, with reasons")
    st.page_link(page("train"), label="Train on this data set")
except RsdashError as error:
    st.error(plain(str(error)))
