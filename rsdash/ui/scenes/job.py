"""Mapping a scene: a task of the server that outlives reruns and reloads; one at a time."""

from __future__ import annotations

import secrets
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
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import left, plain

KEY = "map-scene"
WISH = "mapping"
"""In the session and the URL: which mapping was begun here, so that its map is opened here alone."""

LOST = "mapping-lost"
"""In the session: whether a mapping was begun here before the server was started anew."""

_wishes: dict[str, str | None] = {}
"""Wish → id of the map that came of it; None while it is under way, empty where none came of it."""


def map_form(*, fresh: bool) -> None:
    """Model, scene and settings, and progress below them; the finished map is shown where it was begun.

    Args:
        fresh: whether nothing else is on the page, so that the form stands open.
    """
    usable = [e for e in server().listing().entries if e.state.state in EVALUATED and not e.example]
    if not usable:
        st.info("No trained model yet: a map needs a run that is finished or was stopped.")
        st.page_link(page("train"), label="Train a model")
        return
    _open_what_was_wished()
    task = server().tasks.get(KEY)
    lost = st.session_state.get(LOST, False)
    told = lost or (task is not None and bool(task.error or not task.finished))
    with st.expander("Map a scene", expanded=fresh or told, key="map-form"):
        if lost:
            st.info(
                "The server was started anew since a map was begun here. Where it is not in the list below, "
                "it was not finished: map the scene again."
            )
        entry = pick_run(usable, key="mapper", label="Model", with_accuracy=True)
        if entry is None:
            return
        scene, rule = choose_scene(), rule_form(entry)
        if scene and rule:
            _offer(entry, scene, rule)
        elif task and not task.finished:  # begun before the page was loaded anew, or by someone else
            watch(KEY, _words)


def _open_what_was_wished() -> None:
    """Show the map that this session began, or the session before a reload; others find it in the list."""
    made = ""
    for place in (st.query_params, st.session_state):
        wish = place.get(WISH)
        if not wish or _wishes.get(wish, "") is None:
            continue
        del place[WISH]
        if wish not in _wishes:
            st.session_state[LOST] = True
        made = _wishes.get(wish) or made
    if made:
        show_map(made)
        st.rerun()


def _offer(entry: RunEntry, scene: Path, rule: MapRule) -> None:
    wish = secrets.token_hex(8)

    def action(report: Report) -> MapRecord:
        from rsdash.inference.scenes.client import map_scene  # brings httpx, which a page should not wait for

        made = ""
        try:
            record = map_scene(entry.folder.path, scene, rule, report)
            made = record.id
        finally:
            _wishes[wish] = made
        return record

    def begun() -> None:
        st.query_params[WISH] = st.session_state[WISH] = wish
        _wishes[wish] = None
        st.session_state.pop(LOST, None)

    made = long_action(
        KEY,
        label="Map the scene",
        title=f"Mapping {scene.name} with {entry.name}",
        action=action,
        words=_words,
        on_start=begun,
    )
    if made:
        st.rerun()  # of another session: it is in the list by now, and the form is free


def _words(progress: Progress) -> str:
    title = plain(progress.title)
    if progress.words:
        return f"{title}: {plain(progress.words)}"
    if not progress.total:
        return f"{title}: starting, which takes some seconds"
    return f"{title}: {progress.done:,} of {progress.total:,} windows{left(progress.remaining_s)}"
