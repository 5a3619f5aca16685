"""A long action that a page offers: a button, then progress with a stop, then its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from rsdash.ui.server import server
from rsdash.ui.tasks import Report, Task
from rsdash.ui.words import duration, plain

TICK_S = 0.5


def long_action(
    key: str, *, label: str, title: str, action: Callable[[Report], Any], words: Callable[[Task], str]
) -> Any | None:
    """Offer it, or show how far it is; hand its result over once.

    Args:
        key: names the task; two sessions with the same key share it.
        label: of the button.
        title: of the task, in words.
        action: called in a thread with a function that takes (done, total).
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


def counted(task: Task) -> str:
    """`Title: 120 of 2,000 images, about 5 s left`."""
    if not task.total:
        return plain(task.title)
    left = "" if task.remaining_s is None else f", about {duration(task.remaining_s)} left"
    return f"{plain(task.title)}: {task.done:,} of {task.total:,} images{left}"


@st.fragment(run_every=TICK_S)
def watch(key: str, words: Callable[[Task], str], note: str = "") -> None:
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
    st.progress(task.share, text=words(task))
    if st.button("Stop", key=f"stop-{key.split()[0]}"):
        task.stop()
    if note:
        st.caption(note)
