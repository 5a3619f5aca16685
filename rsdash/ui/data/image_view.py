"""What is in a data set: class counts, tiles, and files that are not used."""

from __future__ import annotations

import streamlit as st

from rsdash.charts import class_counts
from rsdash.data import Dataset
from rsdash.ui.data.tile_grid import tile_grid


def image_view(dataset: Dataset) -> None:
    """Counts beside tiles; what could not be used below."""
    left, right = st.columns([2, 3], gap="large")
    counts = dataset.info.counts
    with left:
        alt = ", ".join(f"{name} {count}" for name, count in counts.items())
        st.plotly_chart(class_counts(counts), key="counts", alt=f"Images of each class: {alt}")
    with right:
        tile_grid(dataset)
    if dataset.manifest.refused:
        st.subheader(f"{len(dataset.manifest.refused):,} files are not used")
        rows = [{"File": refusal.name, "Reason": refusal.reason} for refusal in dataset.manifest.refused]
        st.dataframe(rows, hide_index=True, alt="Files that are not used, with reasons")
