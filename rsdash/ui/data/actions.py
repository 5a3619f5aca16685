"""What can be done with a data set that is known: scan it again, read its numbers otherwise, remove it."""

from __future__ import annotations

import streamlit as st

from rsdash.data import DatasetInfo, remove_dataset
from rsdash.data.store import scan_again
from rsdash.errors import RsdashError
from rsdash.runs.states import ENDED
from rsdash.ui.data.radiometry_form import chosen_radiometry
from rsdash.ui.data.task import READ_AGAIN, start_task
from rsdash.ui.server import server
from rsdash.ui.words import plain


def dataset_actions(info: DatasetInfo) -> None:
    """A popover with the three."""
    with st.popover("Manage", width="content"):
        st.caption(
            "Files added, changed or gone since? Only what changed is read. Splits and the audit have then "
            "to be made anew, and runs so far can no longer be resumed or extended."
        )
        if st.button("Scan again", key="scan-again"):
            start_task(f"Reading {info.name}", lambda report: scan_again(info.name, report), READ_AGAIN)
        st.divider()
        st.caption(f"Pixel values: {plain(info.radiometry.describe())}. Runs so far keep their own.")
        radiometry = chosen_radiometry("change")
        if st.button(
            "Read so from now on", key="change-pixels", disabled=radiometry in (None, info.radiometry)
        ):
            start_task(
                f"Reading {info.name}", lambda report: scan_again(info.name, report, radiometry), READ_AGAIN
            )
        st.divider()
        _remove(info)


def _remove(info: DatasetInfo) -> None:
    users = [
        entry.name
        for entry in server().listing().entries
        if entry.request.data.name == info.name and entry.state.state not in ENDED and not entry.example
    ]
    own = info.kind in ("folder", "zip")
    st.caption(
        "Removes the data set from rsdash, with its splits, its audit and the list of excluded files. "
        + ("Your images stay where they are." if own else "**Its images are deleted**, as rsdash keeps them.")
    )
    if users:
        st.caption(f"In use by {plain(', '.join(users[:3]))}; wait, or cancel these runs.")
    sure = st.checkbox("I am sure", key=f"sure-{info.name}")
    if st.button("Remove", key="remove-data", disabled=not sure or bool(users)):
        try:
            remove_dataset(info.name)
        except RsdashError as error:
            st.error(plain(str(error)))
            return
        st.session_state.pop("shown-data", None)
        st.query_params.pop("data", None)
        st.rerun()
