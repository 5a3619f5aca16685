"""Predicting images with one or several models: a task of the server that outlives reruns and reloads."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from rsdash.data.loose import LooseImages
from rsdash.errors import RsdashError
from rsdash.inference.found import REFUSED, Found
from rsdash.inference.results import PredictedPart
from rsdash.runs.index import RunEntry
from rsdash.ui.long_action import counted, watch
from rsdash.ui.predict.sources import Chosen
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report, Task, TaskStoppedError
from rsdash.ui.words import plain

TOP = 5
RESULTS_KEPT = 8
AT_ONCE_S = 2.0
"""A few images are done by then: no progress need be drawn for them."""
POLL_S = 0.02
SESSION = "predict-session"

_recent: deque[str] = deque()
"""Keys of the latest tasks, so that the server does not keep the results of all."""
_waiting: dict[str, set[str]] = {}
"""Key of a task → tokens of the sessions that wait for it: several may ask about one place of the server."""


@dataclass
class Job:
    """What was asked, and what was found so far.

    Attributes:
        place: the images.
        entries: the models, that of the page first; in the end, those first that answered anything.
        symmetries: whether answers are averages over the 8 symmetries.
        images: the files, once they are listed.
        found: run id → its predictions.
        problems: run id → why it gave no (more) predictions.
        stopped: whether a person stopped it.
        labels: true class of each image the first model was asked about, by its folder, int16 (n,); REFUSED
            where the folder names none.
    """

    place: Path
    entries: Sequence[RunEntry]
    symmetries: bool
    images: LooseImages | None = None
    found: dict[str, Found] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int16))

    def folder_labels(self, found: Found) -> np.ndarray:
        """True class of each image that a model answered, in the first model's numbers, int16 (n,).

        REFUSED where the folder names none. One model may have come further than another.
        """
        if self.images is None:
            return np.full(len(found), REFUSED, np.int16)
        numbers = {name: label for label, name in enumerate(self.entries[0].request.data.classes)}
        named = (self.images.class_of(name, numbers) for name in found.names)
        return np.array([REFUSED if name is None else numbers[name] for name in named], np.int16)


def predicted(chosen: Chosen, entries: Sequence[RunEntry], *, symmetries: bool) -> Job | None:
    """Start predicting, or show how far it is; the result once it is there.

    Args:
        chosen: the images.
        entries: the models.
        symmetries: average over the 8 symmetries.
    """
    key, tasks = _key(chosen, entries, symmetries), server().tasks
    task = tasks.get(key)
    if not chosen.at_once:
        under_way = task is not None and not task.finished
        if st.button("Predict", key="predict", type="primary", disabled=under_way):
            tasks.forget(key)
            task = None
        elif task is None:
            return None
    if task is None:
        task = _start(key, Job(chosen.place, entries, symmetries), chosen.title)
    if not task.finished:
        _turn_to(key)
        watch(key, _words)
        return None
    if task.error:
        st.error(plain(task.error))
    job: Job | None = task.result
    if (
        chosen.at_once
        and (job is None or job.stopped or job.problems)
        and st.button("Try again", key="again")
    ):
        tasks.forget(key)
        st.rerun()
    return job


def digest_of(*parts: str) -> str:
    """24 hex digits for keys: the same for the same parts in the same order."""
    return hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]


def _start(key: str, job: Job, title: str) -> Task:
    tasks = server().tasks
    _turn_to(key)
    _recent.append(key)
    while len(_recent) > RESULTS_KEPT:
        old = _recent.popleft()
        if old not in _recent and not tasks.under_way(old):
            tasks.forget(old)
            _waiting.pop(old, None)
    task = tasks.start(key, f"Predicting {title}", lambda report: _work(job, report))
    deadline = time.monotonic() + AT_ONCE_S
    while not task.finished and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return task


def _turn_to(key: str) -> None:
    """Note which task this session waits for; the one before it ends where no other session waits for it."""
    session = st.session_state.setdefault(SESSION, secrets.token_hex(8))
    _waiting.setdefault(key, set()).add(session)
    before = st.session_state.get("predicting")
    st.session_state["predicting"] = key
    if before and before != key:
        others = _waiting.get(before, set())
        others.discard(session)
        running = server().tasks.get(before)
        if running and not others:
            running.stop()


def _work(job: Job, report: Report) -> Job:
    from rsdash.inference.client import predict_place  # brings httpx, which a page should not wait for

    report(0, 0)
    job.images = LooseImages(job.place)
    total = len(job.images.names) * len(job.entries)
    try:
        for number, entry in enumerate(job.entries):
            found = job.found[entry.id] = Found(entry.request.data.classes, TOP)

            def take(part: PredictedPart, found: Found = found, before: int = number) -> None:
                found.add(part.found)
                report(before * part.total + part.done, total)

            try:
                predict_place(entry.folder.path, job.place, take, top=TOP, symmetries=job.symmetries)
            except TaskStoppedError:
                raise
            except RsdashError as error:
                job.problems[entry.id] = str(error)
    except TaskStoppedError:
        job.stopped = True
    job.entries = sorted(job.entries, key=lambda entry: not job.found.get(entry.id))
    if first := job.found.get(job.entries[0].id):
        job.labels = job.folder_labels(first)
    return job


def _key(chosen: Chosen, entries: Sequence[RunEntry], symmetries: bool) -> str:
    """The same for the same images and models, whoever asks."""
    models = [f"{entry.id} {entry.state.updated_at}" for entry in entries]
    return f"predict {digest_of(str(chosen.place), str(symmetries), *models)}"


def _words(progress: Progress) -> str:
    if not progress.total:
        return "The inference service starts; the first time it takes some seconds"
    return counted(progress)
