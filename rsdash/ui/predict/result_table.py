"""All predictions as a table with small pictures: sorted, filtered, a page at a time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import streamlit as st

from rsdash.inference.found import BY_NAME, LEAST_SURE, ORDERS, REFUSED, Found, ordered
from rsdash.ui.predict.job import Job, digest_of
from rsdash.ui.predict.pictures import thumbnail
from rsdash.ui.predict.trusting import sure_help, trust_of, unfamiliar_help

ROWS_A_PAGE = 50
ROW_PX = 48
ALL, UNFAMILIAR, DISAGREE, WRONG, UNREADABLE = (
    "All",
    "Unlike training",
    "Models disagree",
    "Wrong by folder",
    "Not read",
)


class Picked(NamedTuple):
    """Images that a person picked: the `position` of the one to look at, and of all that are `ticked`."""

    position: int
    ticked: tuple[int, ...] = ()


def result_table(job: Job) -> Picked | None:
    """Show it; the image to look at is the one clicked, else the first ticked, else the first."""
    first = job.found[job.entries[0].id]
    positions = _chosen(job, first)
    if not len(positions):
        st.caption("No image is like that.")
        return None
    pages = math.ceil(len(positions) / ROWS_A_PAGE)
    start = 0
    if pages > 1:
        page = st.pagination(pages, key=f"result-page-{pages}")
        start = (page - 1) * ROWS_A_PAGE
    part = positions[start : start + ROWS_A_PAGE].tolist()
    clicked, ticked = _table(job, part)
    looked_at = [row for row in (*clicked, *ticked, 0) if row < len(part)]
    return Picked(part[looked_at[0]], tuple(part[row] for row in ticked if row < len(part)))


def _chosen(job: Job, first: Found) -> np.ndarray:
    """Positions that pass the filters, sorted."""
    masks = _masks(job, first)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox(
            "Show",
            list(masks),
            key="result-show",
            format_func=lambda name: f"{name} ({int(masks[name].sum()):,})",
            width=220,
        )
        classes = st.multiselect(
            "Answers",
            first.classes,
            key=f"result-classes-{job.entries[0].id}",
            placeholder="Any class",
            width=320,
        )
        by = st.selectbox("Sort", ORDERS, index=ORDERS.index(LEAST_SURE), key="result-order", width=180)
    mask = masks[which or ALL]
    if classes:
        mask = mask & np.isin(first.answers, [first.classes.index(name) for name in classes])
    return ordered(first, np.flatnonzero(mask), by or BY_NAME)


def _masks(job: Job, first: Found) -> dict[str, np.ndarray]:
    """Those filters that apply."""
    answers, labels = first.answers, job.labels
    masks = {ALL: np.ones(len(first), bool), UNFAMILIAR: first.unfamiliar}
    others = [
        job.found[entry.id] for entry in job.entries[1:] if len(job.found.get(entry.id, ())) == len(first)
    ]
    others = [found for found in others if found.classes == first.classes]
    if others:
        masks[DISAGREE] = np.any([(found.answers != answers) for found in others], axis=0)
    if (labels != REFUSED).any():
        masks[WRONG] = (labels != REFUSED) & (answers != REFUSED) & (labels != answers)
    if first.errors:
        masks[UNREADABLE] = answers == REFUSED
    return masks


def _table(job: Job, positions: list[int]) -> tuple[list[int], list[int]]:
    """Rows that were clicked, at most one, and rows that are ticked."""
    entry, first = job.entries[0], job.found[job.entries[0].id]
    rows = [_row(job, position) for position in positions]
    trust = trust_of(entry)
    config = {
        "Image": st.column_config.ImageColumn("", width=60),
        "Unlike training": st.column_config.CheckboxColumn(help=unfamiliar_help(trust)),
    }
    for other in job.entries:
        config[_column(job, other.id, "How sure")] = st.column_config.ProgressColumn(
            format="%.0f %%",
            min_value=0,
            max_value=100,
            width="small",
            help=sure_help(trust_of(other), symmetries=job.symmetries),
        )
    if not any(position in first.errors for position in positions):
        rows = [{name: value for name, value in row.items() if name != "Problem"} for row in rows]
    with st.container(key="result-table"):
        event = st.dataframe(
            rows,
            key=_table_key(job, positions),
            hide_index=True,
            placeholder="–",
            row_height=ROW_PX,
            height=min(420, 40 + ROW_PX * len(rows)),
            on_select="rerun",
            selection_mode=("multi-row", "single-cell"),
            column_config=config,
            alt="Most probable class of each image, and how sure the model is",
        )
    selection = event["selection"]
    return [row for row, _ in selection["cells"]], list(selection["rows"])


def _table_key(job: Job, positions: list[int]) -> str:
    """Another list of images has rows of its own: ticks are numbers of rows and would move to others."""
    names = job.found[job.entries[0].id].names
    models = [entry.id for entry in job.entries]
    return f"results-{digest_of(str(job.place), *models, *(names[position] for position in positions))}"


def _row(job: Job, position: int) -> dict[str, object]:
    entry = job.entries[0]
    first = job.found[entry.id]
    row: dict[str, object] = {
        "Image": job.images and thumbnail(job.images, first.names[position], entry.request.data.radiometry),
        "File": first.names[position],
    }
    for other in job.entries:
        found = job.found.get(other.id)
        if found and position < len(found):
            one = found.prediction(position)
            row[_column(job, other.id, "Class")] = one.classes[0] if one.classes else None
            row[_column(job, other.id, "How sure")] = 100 * one.confidences[0] if one.classes else None
    if (job.labels != REFUSED).any():
        label = job.labels[position]
        row["Folder"] = None if label == REFUSED else first.classes[label]
    row["Unlike training"] = first.prediction(position).unfamiliar
    row["Problem"] = first.errors.get(position)
    return row


def _column(job: Job, run_id: str, what: str) -> str:
    """Columns of further models carry their number, which the pictures below explain."""
    number = [entry.id for entry in job.entries].index(run_id) + 1
    return what if len(job.entries) == 1 else f"{number}: {what}"
