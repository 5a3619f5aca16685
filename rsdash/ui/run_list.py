"""Runs as a table, and the choice of one or several that the URL remembers."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from rsdash.config import RunConfig, as_text, make_config
from rsdash.runs.index import RunEntry
from rsdash.ui.links import follow_address, write_address
from rsdash.ui.server import server
from rsdash.ui.words import duration, plain, state_text

if TYPE_CHECKING:
    from pandas import DataFrame

SETTINGS_KEPT = 20_000
"""Runs whose settings stay put into words, as a table of all runs is made again at each click."""
NAME_PX = 340
"""Room for a name such as `grid-learning_rate=0.0005-skip=false-seed=3`, whose end tells runs apart."""
RECENT_COLUMNS = ("Name", "State", "Model", "Accuracy", "Loss", "Curve", "Progress", "Data", "Role", "Time")
"""What a short list of recent runs shows."""

COLUMNS: dict[str, Any] = {
    "Name": st.column_config.TextColumn(width=NAME_PX, pinned=True),
    "State": st.column_config.TextColumn(),
    "Model": st.column_config.TextColumn(),
    "Data": st.column_config.TextColumn(),
    "Seed": st.column_config.NumberColumn(format="%d"),
    "Accuracy": st.column_config.NumberColumn(format="%.4f"),
    "Loss": st.column_config.NumberColumn("Loss (nats)", format="%.4f"),
    "Curve": st.column_config.LineChartColumn(
        "Accuracy curve", help="Over the epochs.", y_min=0, y_max=1, width=110
    ),
    "Progress": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=80),
    "Role": st.column_config.TextColumn(help="What the figures are worth."),
    "Images": st.column_config.NumberColumn(format="localized", help="Images behind the figures."),
    "Epochs": st.column_config.TextColumn(),
    "Settings": st.column_config.TextColumn(width="medium", help="The preset, and what differs from it."),
    "Tags": st.column_config.TextColumn(),
    "Note": st.column_config.TextColumn(),
    "Parameters": st.column_config.NumberColumn("Parameters (M)", format="%.1f"),
    "Speed": st.column_config.NumberColumn("Training speed (images/s)", format="%.0f"),
    "Time": st.column_config.TextColumn("Training time"),
    "Made": st.column_config.TextColumn(),
}
"""Columns of a table of runs; the keys name what `run_frame` fills them with."""


def run_frame(entries: Sequence[RunEntry], columns: Sequence[str]) -> DataFrame:
    """One row a run: what it is, how well it does, what it cost.

    Args:
        entries: the runs.
        columns: some of COLUMNS.
    """
    from pandas import DataFrame  # which a first page without runs does not wait for

    return DataFrame({name: [_CELLS[name](entry) for entry in entries] for name in columns})


def run_table(entries: Sequence[RunEntry], *, key: str) -> RunEntry | None:
    """Show recent runs as a table; returns the one that was ticked."""
    event = st.dataframe(
        run_frame(entries, RECENT_COLUMNS),
        key=f"{key}-{digest_of(entries)}",
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        alt="Table of runs with state, model, data, accuracy, loss and learning curve",
        column_config={name: COLUMNS[name] for name in RECENT_COLUMNS},
    )
    rows = event["selection"]["rows"]
    return entries[rows[0]] if rows else None


def digest_of(entries: Sequence[RunEntry]) -> str:
    """Part of the key of a table of these runs: a tick is a row's number, and another list has other rows."""
    return hashlib.sha256(" ".join(entry.id for entry in entries).encode()).hexdigest()[:12]


@lru_cache(maxsize=SETTINGS_KEPT)
def settings_text(config: RunConfig) -> str:
    """The preset that a run started from, and what differs from it beyond what has a column of its own."""
    changed = config.changed_from(_preset(config.preset))
    told = [f"{name}={as_text(new)}" for name, (_, new) in changed.items() if name not in _TOLD_BY_COLUMNS]
    return " ".join((config.preset, *told))


def pick_run(
    entries: Sequence[RunEntry], *, key: str, label: str, with_accuracy: bool = False
) -> RunEntry | None:
    """Choose one run; the URL's `run` holds its id, and it stays chosen while other pages are looked at.

    Args:
        entries: the runs offered.
        key: names the list on its page.
        label: stands above it.
        with_accuracy: for runs that are all evaluated.
    """
    if not entries:
        return None
    by_id = {entry.id: entry for entry in entries}
    if missing := follow_address("run", key, by_id):
        problem = dict(server().listing().problems).get(missing, "")
        st.warning(plain(problem or f"There is no run {missing} to choose here.") + " Another one is shown.")
    labels = _labels(entries, _label_with_accuracy if with_accuracy else run_label)
    chosen = st.selectbox(label, list(by_id), key=key, format_func=labels.__getitem__)
    if chosen is None:
        return None
    write_address("run", key, chosen)
    return by_id[chosen]


def _labels(entries: Sequence[RunEntry], words: Callable[[RunEntry], str]) -> dict[str, str]:
    """Each run's id with its words, and the end of the id where others of the same name have the same."""
    told = {entry.id: words(entry) for entry in entries}
    often = Counter(told.values())
    return {
        run_id: f"{text} · {run_id.rpartition('-')[2]}" if often[text] > 1 else text
        for run_id, text in told.items()
    }


def run_label(entry: RunEntry) -> str:
    """A run in one line that stays the same while it trains.

    A list in a browser keeps the texts it was drawn with, and loses its choice where they change.
    """
    made = time.strftime("%d %b %Y %H:%M", time.localtime(entry.request.created_at))
    return f"{entry.name} · {'example' if entry.example else made}"


def _label_with_accuracy(entry: RunEntry) -> str:
    accuracy = entry.state.summary.accuracy
    return run_label(entry) + ("" if accuracy is None else f" · accuracy {accuracy:.3f}")


@cache
def _preset(name: str) -> RunConfig:
    """The settings of a preset, which a table of a thousand runs asks for a thousand times."""
    return make_config({}, preset=name)


_TOLD_BY_COLUMNS = frozenset({"model", "data", "seed", "split", "preset", "epochs"})
_CELLS: dict[str, Callable[[RunEntry], Any]] = {
    "Name": lambda run: run.name + ("  (example)" if run.example else ""),
    "State": state_text,
    "Model": lambda run: run.config.model,
    "Data": lambda run: run.request.data.name + (" (synthetic)" if run.request.data.synthetic else ""),
    "Seed": lambda run: run.config.seed,
    "Accuracy": lambda run: run.state.summary.accuracy,
    "Loss": lambda run: run.state.summary.loss,
    "Curve": lambda run: list(run.state.summary.sparkline),
    "Progress": lambda run: 100 * run.state.summary.step / max(run.state.summary.steps, 1),
    "Role": lambda run: run.state.summary.role or None,
    "Images": lambda run: run.state.summary.images or None,
    "Epochs": lambda run: f"{run.state.summary.epoch} of {run.config.epochs}",
    "Settings": lambda run: settings_text(run.config),
    "Tags": lambda run: ", ".join(run.about.tags) or None,
    "Note": lambda run: run.about.note or None,
    "Parameters": lambda run: run.state.summary.parameters / 1e6 if run.state.summary.parameters else None,
    "Speed": lambda run: run.state.summary.images_per_s,
    "Time": lambda run: duration(run.state.summary.elapsed_s),
    "Made": lambda run: time.strftime("%Y-%m-%d %H:%M", time.localtime(run.request.created_at)),
}
