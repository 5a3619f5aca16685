"""The audit of a data set: start it, see what it found, look at each finding, exclude files."""

from __future__ import annotations

import streamlit as st

from rsdash.data import Dataset
from rsdash.data.audit import Audit, Finding, Kind, audit_dataset, findings, load_audit
from rsdash.data.exclusions import Exclusions, load_exclusions
from rsdash.errors import DataError, RsdashError
from rsdash.ui.data.audit_gallery import pair_gallery, row_gallery
from rsdash.ui.data.exclusion_list import exclusion_list, show_exclusion_error
from rsdash.ui.long_action import counted, tell_error, watch
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Task
from rsdash.ui.words import plain

COUNT_WIDTH_PX = 56


def audit_view(dataset: Dataset) -> None:
    """Show the audit of a data set, or its progress, or the way to start it."""
    key = task_key(dataset.name)
    task = server().tasks.get(key)
    if task and not task.finished:
        watch(
            key, _progress_text, "It goes on if you leave or reload this page. Once stopped, it starts over."
        )
        return
    try:
        audit = load_audit(dataset)
    except DataError as error:
        st.warning(plain(str(error)))
        audit = None
    if audit is None:
        _offer(dataset, task)
    show_exclusion_error()
    try:
        exclusions = load_exclusions(dataset.folder)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    if audit is not None:
        _results(dataset, audit, exclusions)
    exclusion_list(dataset, exclusions)


def task_key(name: str) -> str:
    """Under which the server keeps the audit of a data set as a task."""
    return f"audit {name}"


def _offer(dataset: Dataset, task: Task | None) -> None:
    """What an audit does, how the last attempt ended, and the button."""
    if task and task.error:
        tell_error(task)
    st.markdown(
        "An audit reads every image once and finds what spoils a training or flatters its figures: one image "
        "under two labels, duplicates and near-duplicates (also turned or mirrored), odd and blank images. "
        "Splits made afterwards keep duplicates on one side."
    )
    if st.button("Audit the images", key="audit-start", type="primary"):
        server().tasks.start(
            task_key(dataset.name), f"Auditing {dataset.name}", lambda report: audit_dataset(dataset, report)
        )
        st.rerun()


def _progress_text(progress: Progress) -> str:
    if progress.total and progress.done >= progress.total:
        return f"{plain(progress.title)}: all {progress.total:,} images read; comparing those that look alike"
    return counted(progress)


def _results(dataset: Dataset, audit: Audit, exclusions: Exclusions) -> None:
    """What was found, then one kind of finding to look at."""
    found = findings(audit, dataset.manifest.labels)
    st.caption(f"{audit.image_count:,} images, audited on {audit.made_at[:10]}.")
    if not found:
        st.success("Nothing wrong was found.")
        return
    with st.container(gap="xsmall"):
        for finding in found:
            _summary(finding)
    chosen = _choose(dataset, found)
    if chosen is not None:
        _look(dataset, audit, chosen, exclusions.names)


def _summary(finding: Finding) -> None:
    with st.container(horizontal=True, gap="small", key=f"finding-{finding.kind.name.lower()}"):
        st.markdown(f"**{finding.count:,}**", width=COUNT_WIDTH_PX, text_alignment="right")
        with st.container(gap=None):
            st.markdown(plain(finding.title))
            st.caption(plain(finding.why))


def _choose(dataset: Dataset, found: list[Finding]) -> Finding | None:
    """The finding that a person wants to look at; the worst at first."""
    shown = {finding.kind.value: finding for finding in found if finding.kind is not Kind.IMBALANCE}
    if not shown:
        return None
    st.subheader("Look at them")
    name = st.segmented_control(
        "Kind of finding",
        list(shown),
        format_func=lambda kind: f"{kind.capitalize()} ({shown[kind].count:,})",
        key=f"audit-kind-{dataset.name}",
        default=next(iter(shown)),
        required=True,
        label_visibility="collapsed",
    )
    return shown.get(name or "")


def _look(dataset: Dataset, audit: Audit, finding: Finding, excluded: frozenset[str]) -> None:
    if finding.kind is Kind.REFUSED:
        rows = [{"File": refusal.name, "Reason": refusal.reason} for refusal in audit.refused]
        st.dataframe(rows, hide_index=True, alt="Files that cannot be used, with reasons")
    elif finding.pairs:
        pair_gallery(dataset, finding, excluded)
    else:
        row_gallery(dataset, finding, excluded)
