"""What was found: a summary, the table, one image in detail, figures, and files to take along."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsdash.inference.found import REFUSED, Found
from rsdash.inference.tables import csv_lines, json_text
from rsdash.ui.predict.detail import detail
from rsdash.ui.predict.figures_view import figures_view
from rsdash.ui.predict.job import TOP, Job
from rsdash.ui.predict.result_table import Picked, result_table
from rsdash.ui.words import plain


def results_view(job: Job) -> None:
    """Show a job that has ended."""
    found = job.found.get(job.entries[0].id)
    for entry in job.entries:
        if problem := job.problems.get(entry.id):
            st.error(plain(f"{entry.name}: {problem}"))
    if not found:
        if job.stopped:
            st.info("Stopped before the first image was predicted.")
        return
    _summary(job)
    picked = Picked(0)
    if len(found) > 1:
        picked = result_table(job)
        st.caption("Click an image to look at it; tick several to correct their class together.")
        _downloads(job)
    if picked is not None:
        detail(job, picked.position, picked.ticked)
    figures_view(job)


def _summary(job: Job) -> None:
    found = job.found[job.entries[0].id]
    wanted = len(job.images.names) if job.images else len(found)
    done = len(found) - len(found.errors)
    parts = [f"{done:,} image{'s' * (done != 1)} predicted"]
    if found.errors:
        refused = len(found.errors)
        parts.append(f"{refused:,} file{'s' * (refused > 1)} not read, listed with the reason")
    if flagged := int(found.unfamiliar.sum()):
        parts.append(f"{flagged:,} unlike training")
    st.markdown(" · ".join(parts))
    if job.stopped:
        st.info(f"Stopped after {len(found):,} of {wanted:,} images.")


def _downloads(job: Job) -> None:
    with st.container(horizontal=True):
        for number, entry in enumerate(job.entries, start=1):
            if not job.found.get(entry.id):  # stopped or broken off before
                continue
            suffix = "" if len(job.entries) == 1 else f" of {number}"
            _download(f"CSV{suffix}", entry.id, "csv", lambda run_id=entry.id: as_csv(job, run_id))
            _download(f"JSON{suffix}", entry.id, "json", lambda run_id=entry.id: as_json(job, run_id))


def _download(label: str, run_id: str, suffix: str, make: Callable[[], bytes]) -> None:
    name, mime = f"predictions-{run_id}.{suffix}", "text/csv" if suffix == "csv" else "application/json"
    st.download_button(label, make, name, mime, key=f"download-{suffix}-{run_id}", on_click="ignore")


def as_csv(job: Job, run_id: str) -> bytes:
    """All predictions of a run; a column of true classes where folders name any."""
    found = job.found[run_id]
    lines = csv_lines(found.predictions(), top=min(TOP, found.top), labels=_truth(job, found))
    return "".join(lines).encode()


def as_json(job: Job, run_id: str) -> bytes:
    """The same as JSON."""
    found = job.found[run_id]
    return json_text(found.predictions(), labels=_truth(job, found)).encode()


def _truth(job: Job, found: Found) -> list[str | None] | None:
    """True class of each image, by name; None where no folder names one."""
    labels, classes = job.folder_labels(found), job.entries[0].request.data.classes
    if not (labels != REFUSED).any():
        return None
    return [None if label == REFUSED else classes[label] for label in labels.tolist()]
