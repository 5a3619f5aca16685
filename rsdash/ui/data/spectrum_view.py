"""The mean spectrum of each class of a data set: measured on request, then drawn."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from rsdash.charts import Spectrum, class_spectra
from rsdash.data import Dataset
from rsdash.data.spectra import IMAGES_PER_CLASS, Spectra, load_spectra, measure_spectra
from rsdash.ui.long_action import counted, long_action


def spectrum_view(dataset: Dataset) -> None:
    """The chart, or the way to it."""
    spectra = load_spectra(dataset) or _measure(dataset)
    if spectra is None:
        st.caption(f"Reads up to {IMAGES_PER_CLASS} images of each class once; the result is kept.")
        return
    spread = st.multiselect(
        "Show the spread within", list(spectra.classes), key="spectra-spread", placeholder="Choose classes"
    )
    st.plotly_chart(_chart(spectra, spread), key="spectra", alt=_alt(spectra))
    least, most = min(spectra.images), max(spectra.images)
    count = f"{least}" if least == most else f"{least} to {most}"
    st.caption(
        f"Mean over all pixels of {count} images of each class"
        + ("; the filled areas reach one standard deviation up and down" if spread else "")
        + ". A click on a class hides it, a double click shows it alone."
    )


def _measure(dataset: Dataset) -> Spectra | None:
    return long_action(
        f"spectra {dataset.name}",
        label="Measure the spectra",
        title="Measuring spectra",
        action=lambda report: measure_spectra(dataset, report),
        words=counted,
    )


def _chart(spectra: Spectra, spread: Sequence[str]) -> go.Figure:
    lines = [
        Spectrum(*line)
        for line in zip(
            spectra.classes, spectra.labels, spectra.mean, spectra.spread, spectra.images, strict=True
        )
    ]
    spread_of = {line.label for line in lines if line.name in spread}
    return class_spectra(lines, spectra.bands, spectra.wavelengths_nm, unit=spectra.unit, spread_of=spread_of)


def _alt(spectra: Spectra) -> str:
    parts = (
        f"{name}: "
        + ", ".join(f"{band} {value:.2f}" for band, value in zip(spectra.bands, mean, strict=True))
        for name, mean in zip(spectra.classes, spectra.mean, strict=True)
    )
    return f"Mean value ({spectra.unit}) of each class in each band. " + "; ".join(parts)
