"""The task that reads a data set: one at a time; its outcome is told wherever it was begun or watched."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsdash.data import Dataset
from rsdash.ui.long_action import await_end, begin, in_percent, outcome, tell_error, watch
from rsdash.ui.server import server
from rsdash.ui.tasks import Report
from rsdash.ui.words import plain

TASK = "data"
ADDED, READ_AGAIN = "Added {}", "Read {} again"
"""What is told at the end; the braces take the name of the data set."""


def start_task(title: str, action: Callable[[Report], Dataset], told: str = ADDED) -> None:
    """Begin a task whose progress the page shows; one at a time, which it says.

    Args:
        title: what it does, in words.
        action: called in a thread with a function that takes reports of progress.
        told: at its end; the page turns to a data set that was ADDED.
    """
    if adding():
        st.warning("Another data set is being read. Wait for it, or stop it above, then press again.")
        return
    begin(TASK, title, lambda report: (action(report), told))
    st.rerun()


def task_progress() -> None:
    """How a task ended that this session began or watched, and the progress of the one under way."""
    task = server().tasks.get(TASK)
    under_way = task is not None and not task.finished  # it may end before the next line
    ended = outcome(TASK)
    if ended and ended.task.error:
        tell_error(ended.task)
    elif ended:
        _tell(*ended.task.result, own=ended.own)
    if task and under_way and not (ended and ended.task is task):
        await_end(TASK, task)
        watch(TASK, in_percent)


def adding() -> bool:
    """Whether a data set is being read."""
    return server().tasks.under_way(TASK)


def _tell(dataset: Dataset, told: str, *, own: bool) -> None:
    info = dataset.info
    st.success(
        f"{told.format(plain(info.name))}: {info.image_count:,} images of {len(info.classes)} classes."
    )
    if own and told == ADDED:
        st.session_state["shown-data"] = info.name
