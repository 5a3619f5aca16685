"""What is in a data set: class counts, tiles, spectra, sizes, places, and files that are not used."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.charts import class_counts, image_sizes, sizes_in_words
from rsdash.data import Dataset
from rsdash.data.exclusions import load_exclusions
from rsdash.ui.batch_view import data_batch_view
from rsdash.ui.data.map_view import map_view
from rsdash.ui.data.spectrum_view import spectrum_view
from rsdash.ui.data.tile_grid import tile_grid
from rsdash.ui.fold import fold


def image_view(dataset: Dataset) -> None:
    """Counts beside tiles; folded below, what takes longer to look at; then what could not be used."""
    manifest = dataset.manifest
    excluded = load_exclusions(dataset.folder).rows(manifest.names)
    rows = np.delete(np.arange(len(manifest)), excluded)
    left, right = st.columns([2, 3], gap="large")
    counts = dataset.info.counts
    with left:
        alt = ", ".join(f"{name} {count}" for name, count in counts.items())
        st.plotly_chart(class_counts(counts), key="counts", alt=f"Images of each class: {alt}")
        if excluded:
            are = "image is" if len(excluded) == 1 else "images are"
            st.caption(
                f"{len(excluded):,} {are} excluded: counted here, but not shown and in no later split."
            )
        _one_size(dataset)
    with right:
        tile_grid(dataset, rows)
    fold("Mean spectrum of each class", "open-spectra", lambda: spectrum_view(dataset))
    fold("As the network sees it", "open-batch", lambda: data_batch_view(dataset))
    if _sizes_differ(dataset):
        fold("Image sizes", "open-sizes", lambda: _sizes(dataset))
    if not np.isnan(manifest.longitudes[rows]).all():
        fold("Map", "open-map", lambda: map_view(dataset, rows))
    if manifest.refused:
        files = "1 file is" if len(manifest.refused) == 1 else f"{len(manifest.refused):,} files are"
        st.subheader(f"{files} not used")
        refused = [{"File": refusal.name, "Reason": refusal.reason} for refusal in manifest.refused]
        st.dataframe(refused, hide_index=True, alt="Files that are not used, with reasons")


def _sizes_differ(dataset: Dataset) -> bool:
    widths, heights = dataset.manifest.widths, dataset.manifest.heights
    return bool((widths != widths[0]).any() or (heights != heights[0]).any())


def _one_size(dataset: Dataset) -> None:
    if not _sizes_differ(dataset):
        manifest = dataset.manifest
        st.caption(f"All images are {manifest.widths[0]} x {manifest.heights[0]} px.")


def _sizes(dataset: Dataset) -> None:
    widths, heights = dataset.manifest.widths, dataset.manifest.heights
    alt = f"{sizes_in_words(widths, heights)}; widths from {widths.min()} to {widths.max()} px, heights from "
    alt += f"{heights.min()} to {heights.max()} px"
    st.plotly_chart(image_sizes(widths, heights), key="sizes", alt=alt)
