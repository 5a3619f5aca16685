"""A long action that a page offers: a button, then progress with a stop, then its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import left, plain

TICK_S = 0.5


def long_action(
    key: str, *, label: str, title: str, action: Callable[[Report], Any], words: Callable[[Progress], str]
) -> Any | None:
    """Offer it, or show how far it is; hand its result over once.

    Args:
        key: names the task; two sessions with the same key share it.
        label: of the button.
        title: of the task, in words.
        action: called in a thread with a function that takes reports of progress.
        words: says what the task is doing.

    Returns:
        What the action returned, at the first run of the page after its end; else None.
    """
    tasks = server().tasks
    task = tasks.get(key)
    if task and not task.finished:
        watch(key, words)
        return None
    if task and not task.error:
        tasks.forget(key)
        return task.result
    if task:
        (st.info if task.stopped else st.error)(plain(task.error))
    if st.button(label, key=f"start-{key.split()[0]}"):
        tasks.start(key, title, action)
        st.rerun()
    return None


def counted(progress: Progress) -> str:
    """`Title: 120 of 2,000 images, about 5 s left`."""
    title = plain(progress.title)
    if not progress.total:
        return title
    return f"{title}: {progress.done:,} of {progress.total:,} images{left(progress.remaining_s)}"


def in_percent(progress: Progress) -> str:
    """`Title: 45 %, about 5 s left`, for what does not count one thing from beginning to end."""
    title = plain(progress.title)
    return f"{title}: {100 * progress.share:.0f} %{left(progress.remaining_s)}" if progress.total else title


@st.fragment(run_every=TICK_S)
def watch(key: str, words: Callable[[Progress], str], note: str = "") -> None:
    """Progress and a stop of a task under way; the whole page runs again once it has ended.

    Args:
        key: names the task.
        words: says what it is doing.
        note: stands below.
    """
    task = server().tasks.get(key)
    if task is None or task.finished:
        st.rerun()
        return
    st.progress(task.progress.share, text=words(task.progress))
    if st.button("Stop", key=f"stop-{key.split()[0]}"):
        task.stop()
    if note:
        st.caption(note)
