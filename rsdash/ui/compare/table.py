"""All runs in a table that sorts and filters; the ticked ones are compared, and the URL holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from rsdash.config import RunConfig, as_text
from rsdash.runs.index import RunEntry
from rsdash.runs.states import RunState
from rsdash.ui.links import asks_anew, write_address
from rsdash.ui.run_list import COLUMNS, digest_of, run_frame, settings_text
from rsdash.ui.words import plain, state_text

CHOSEN, FILTER, VERSION = "compared", "compare-filter", "compare-table"
TICKED_FIRST = "compare-ticked-first"
MOST_COMPARED = 60
ROWS_SHOWN = 9
ROW_PX = 35
TABLE_COLUMNS = tuple(name for name in COLUMNS if name != "Progress")


def choose_runs(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Show the table; returns the chosen runs in the order in which they were chosen."""
    offered = [entry for entry in entries if entry.state.state is not RunState.QUEUED]
    by_id = {entry.id: entry for entry in offered}
    _take_from_url(by_id)
    chosen = [run_id for run_id in st.session_state[CHOSEN] if run_id in by_id]
    wanted = st.text_input(
        "Filter",
        key=FILTER,
        placeholder="Words that a run's name, model, data, settings, tags, note or state must hold",
        help="All words must occur; `seed=3` or `model=resnet18` asks for the value of one setting.",
    )
    shown = [entry for entry in offered if _matches(entry, wanted)]
    if wanted:
        st.caption(f"{len(shown):,} of {len(offered):,} runs; runs chosen before stay chosen.")
    chosen = _table(shown, chosen)
    if len(chosen) > MOST_COMPARED:
        st.warning(f"The first {MOST_COMPARED} of {len(chosen):,} chosen runs are compared.")
        chosen = chosen[:MOST_COMPARED]
    st.session_state[CHOSEN] = chosen
    write_address("runs", CHOSEN, chosen)
    return [by_id[run_id] for run_id in chosen]


def set_chosen(run_ids: Sequence[str]) -> None:
    """Choose these runs at the next run of the page."""
    st.session_state[CHOSEN] = list(run_ids)
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1


def _table(shown: Sequence[RunEntry], chosen: list[str]) -> list[str]:
    """The chosen runs after what was ticked in this run of the page."""
    if not shown:
        st.info("No run fits the filter." if st.session_state.get(FILTER) else "No run has started yet.")
        return chosen
    ids = [entry.id for entry in shown]
    place = {run_id: position for position, run_id in enumerate(ids)}
    key = f"runs-{digest_of(shown)}-{st.session_state.get(VERSION, 0)}"
    rows = [place[run_id] for run_id in chosen if run_id in place]
    event = st.dataframe(
        run_frame(shown, TABLE_COLUMNS),
        key=key,
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": _ticked_first(key, rows)}},
        height=ROW_PX * (min(len(shown), ROWS_SHOWN) + 1) + 3,
        alt="Table of runs; tick those to compare",
        column_config=COLUMNS,
    )
    ticked = {ids[row] for row in event["selection"]["rows"] if row < len(ids)}
    kept = [run_id for run_id in chosen if run_id in ticked or run_id not in place]
    return kept + [run_id for run_id in ids if run_id in ticked and run_id not in kept]


def _ticked_first(key: str, rows: list[int]) -> list[int]:
    """The rows that were ticked when the table of this key was first shown.

    A thousand rows are sent to the browser once: a table that is the same to the last byte stays there.
    """
    if st.session_state.get(TICKED_FIRST, ("", []))[0] != key:
        st.session_state[TICKED_FIRST] = (key, rows)
    return st.session_state[TICKED_FIRST][1]


def _take_from_url(by_id: dict[str, RunEntry]) -> None:
    """Choose what a link or the back button asks for; without such, what was chosen stays."""
    asked = list(dict.fromkeys(st.query_params.get_all("runs")))
    if not asks_anew(CHOSEN, asked) or (CHOSEN in st.session_state and not asked):
        return
    set_chosen([run_id for run_id in asked if run_id in by_id])
    missing = [run_id for run_id in asked if run_id not in by_id]
    if missing:
        st.warning(f"Not here, or not started yet: {plain(', '.join(missing))}.")


def _matches(entry: RunEntry, wanted: str) -> bool:
    words = wanted.lower().split()
    if not words:
        return True
    about = entry.about
    text = " ".join(
        (
            entry.name,
            *about.tags,
            about.note,
            state_text(entry),
            entry.request.data.name,
            settings_text(entry.config),
        )
    )
    text = f"{text} {entry.config.model} {entry.id}".lower()
    return all(_holds(entry.config, text, word) for word in words)


def _holds(config: RunConfig, text: str, word: str) -> bool:
    """Whether a run has what a word asks for: a setting of that value, or the word itself in its text.

    `seed=3` is not in `seed=30`, but is in the name `long-seed=3` of a run with another seed.
    """
    name, equals, value = word.partition("=")
    if not equals or name not in RunConfig.model_fields:
        return word in text
    if as_text(getattr(config, name)).lower() == value:
        return True
    return re.search(rf"(?<!\w){re.escape(word)}(?![\w.,])", text) is not None
