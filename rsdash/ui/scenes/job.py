"""Mapping a scene: a task of the server that outlives reruns and reloads; one at a time."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.links import page
from rsdash.ui.long_action import long_action, watch
from rsdash.ui.run_list import pick_run
from rsdash.ui.scenes.kept_list import show_map
from rsdash.ui.scenes.rule_form import rule_form
from rsdash.ui.scenes.source import choose_scene
from rsdash.ui.server import server
from rsdash.ui.tasks import Report, Task
from rsdash.ui.words import duration, plain

KEY = "map-scene"


def map_form(*, fresh: bool) -> None:
    """Model, scene and settings, and progress below them; the finished map is shown at once.

    Args:
        fresh: whether nothing else is on the page, so that the form stands open.
    """
    usable = [e for e in server().listing().entries if e.state.state in EVALUATED and not e.example]
    if not usable:
        st.info("No trained model yet: a map needs a run that is finished or was stopped.")
        st.page_link(page("train"), label="Train a model")
        return
    tasks = server().tasks
    task = tasks.get(KEY)
    if task and task.finished and not task.error:
        tasks.forget(KEY)
        show_map(task.result.id)
        st.rerun()
    with st.expander("Map a scene", expanded=fresh or task is not None, key="map-form"):
        entry = pick_run(usable, key="mapper", label="Model", with_accuracy=True)
        if entry is None:
            return
        scene, rule = choose_scene(), rule_form(entry)
        if scene and rule:
            _offer(entry, scene, rule)
        elif task and not task.finished:  # begun before the page was loaded anew, or by someone else
            watch(KEY, _words)


def _offer(entry: RunEntry, scene: Path, rule: MapRule) -> None:
    def action(report: Report) -> MapRecord:
        from rsdash.inference.scenes.client import map_scene  # brings httpx, which a page should not wait for

        return map_scene(entry.folder.path, scene, rule, report)

    title = f"Mapping {scene.name} with {entry.name}"
    long_action(KEY, label="Map the scene", title=title, action=action, words=_words)


def _words(task: Task) -> str:
    if not task.total:
        return f"{plain(task.title)}: the model is loaded; the first time it takes some seconds"
    left = "" if task.remaining_s is None else f", about {duration(task.remaining_s)} left"
    return f"{plain(task.title)}: {task.done:,} of {task.total:,} windows{left}"
