"""A long action that a page offers: a button, then progress with a stop, then its result.

The server has one task of a key, which any session may watch. Each session keeps the tasks that it began or
watched until it was told how they ended, so that no session takes an outcome from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report, Task
from rsdash.ui.words import left, plain

TICK_S = 0.5
AWAITED = "awaited-tasks"
"""In the session: key → the task that it has not been told the end of."""


@dataclass(frozen=True)
class Awaited:
    """A task that a session began or watched; `own` where it began it."""

    task: Task
    own: bool


def long_action(
    key: str,
    *,
    label: str,
    title: str,
    action: Callable[[Report], Any],
    words: Callable[[Progress], str],
    on_start: Callable[[], None] | None = None,
) -> Any | None:
    """Offer it, or show how far it is; hand its result over once to each session that began or watched it.

    Args:
        key: names the task; two sessions with the same key share it.
        label: of the button.
        title: of the task, in words; why a task of that title failed is told until another begins.
        action: called in a thread with a function that takes reports of progress.
        words: says what the task is doing.
        on_start: called once the button was pressed, before the action begins.

    Returns:
        What the action returned, at the session's first run of the page after its end; else None.
    """
    task = server().tasks.get(key)
    if task and not task.finished:
        await_end(key, task)
        watch(key, words)
        return None
    ended = outcome(key)
    if ended and not ended.task.error:
        return ended.task.result
    failed = ended.task if ended else task
    if failed and failed.error:
        if ended or failed.progress.title == title:  # else it says nothing of what is offered now
            tell_error(failed)
    elif task and ended is None:  # the session that began it was closed or loaded anew
        server().tasks.forget(key)
        return task.result
    if st.button(label, key=f"start-{key.split()[0]}"):
        if on_start:
            on_start()
        begin(key, title, action)
        st.rerun()
    return None


def begin(key: str, title: str, action: Callable[[Report], Any]) -> None:
    """Start a task that this session will be told the end of; one of that key under way is watched instead.

    Args:
        key: names the task.
        title: what it does, in words.
        action: called in a thread with a function that takes reports of progress.
    """
    before = server().tasks.get(key)
    task = server().tasks.start(key, title, action)
    await_end(key, task, own=task is not before)


def await_end(key: str, task: Task, *, own: bool = False) -> None:
    """Have this session be told how a task ends, which it began or watches."""
    tasks = st.session_state.setdefault(AWAITED, {})
    if key not in tasks or tasks[key].task is not task:
        tasks[key] = Awaited(task, own)


def outcome(key: str) -> Awaited | None:
    """The task of a key that this session began or watched, once after its end; the server lets go of it."""
    awaited: Awaited | None = st.session_state.get(AWAITED, {}).get(key)
    if awaited is None or not awaited.task.finished:
        return None
    del st.session_state[AWAITED][key]
    if server().tasks.get(key) is awaited.task and not awaited.task.error:
        server().tasks.forget(key)
    return awaited


def tell_error(task: Task) -> None:
    """Why a task failed; that a person stopped it is no error."""
    (st.info if task.stopped else st.error)(plain(task.error))


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


def progress_bar(key: str, task: Task, words: Callable[[Progress], str]) -> None:
    """How far a task is, and a stop, which it takes at its next report."""
    text = f"Stopping: {plain(task.progress.title)} …" if task.stopped else words(task.progress)
    st.progress(task.progress.share, text=text)
    st.button("Stop", key=f"stop-{key.split()[0]}", on_click=task.stop, disabled=task.stopped)


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
    progress_bar(key, task, words)
    if note:
        st.caption(note)
