"""Take the comparison along: a report, tables, a bundle; and derive a bundle of someone else's again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.report.bundle import Rederived, bundle, derive_again
from rsdash.report.facts import Compared
from rsdash.report.methods import methods
from rsdash.report.page import report_page
from rsdash.report.tables import as_csv, as_latex, as_markdown, figure_table
from rsdash.ui.words import plain

DIFFERENCES_SHOWN = 20


def report_form(compared: Compared) -> None:
    """Downloads of what is compared on this page."""
    contenders = compared.contenders
    table = figure_table(contenders)
    with st.container(horizontal=True):
        _download("Report (HTML)", "report.html", "text/html", lambda: report_page(compared).encode())
        _download("Bundle (zip)", "comparison.zip", "application/zip", lambda: bundle(compared))
        _download("CSV", "comparison.csv", "text/csv", lambda: as_csv(contenders).encode())
        _download("Markdown", "comparison.md", "text/markdown", lambda: as_markdown(table).encode())
        _download("LaTeX", "comparison.tex", "text/x-tex", lambda: as_latex(table).encode())
    st.caption(
        "The report is one file that opens without a network. The bundle adds settings, notes, splits with "
        "names of files, all answers and the log of events, so that another rsdash derives every number "
        "again, without weights, images or a GPU."
    )
    st.subheader("Methods")
    for paragraph in methods(compared):
        st.markdown(plain(paragraph))
    st.subheader("Derive a bundle again")
    _check_bundle()


def _download(label: str, name: str, mime: str, make: Callable[[], bytes]) -> None:
    """A button that makes its file once it is pressed."""
    st.download_button(label, make, name, mime, key=f"download-{name}", on_click="ignore")


def _check_bundle() -> None:
    uploaded = st.file_uploader("Bundle", type="zip", key="bundle", label_visibility="collapsed")
    if uploaded is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.zip"
        path.write_bytes(uploaded.getbuffer())
        try:
            _tell(derive_again(path))
        except RsdashError as error:
            st.error(plain(str(error).replace(str(path), uploaded.name)))


def _tell(result: Rederived) -> None:
    names = plain(", ".join(result.runs))
    if result.same:
        st.success(f"Same: all {result.values:,} values of {names} came out as stored.")
        return
    st.error(f"Different: {len(result.differences):,} of {result.values:,} values of {names}.")
    rows = [
        {"Value": one.place, "Stored": str(one.stored), "Derived here": str(one.derived)}
        for one in result.differences[:DIFFERENCES_SHOWN]
    ]
    st.dataframe(rows, hide_index=True, alt="Values that came out differently")
