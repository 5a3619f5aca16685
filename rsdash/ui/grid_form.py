"""Several values of settings at once: what the runs would be, how long they take, and their start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from rsdash.config import (
    MAX_RUNS,
    SETTINGS,
    Cell,
    RunConfig,
    SettingInfo,
    as_text,
    command_for_grid,
    make_grid,
    parse_seeds,
    parse_values,
)
from rsdash.config.subject import DataSettings
from rsdash.data import DatasetInfo, list_datasets
from rsdash.data.splitting import count_images
from rsdash.errors import ConfigError
from rsdash.inference.profiles import known, training_seconds
from rsdash.jobs.submit import submit_grid
from rsdash.ui.form_memory import PRESET_KEY, VARIED, forget_what_was_queued
from rsdash.ui.links import page
from rsdash.ui.places import allowed_settings
from rsdash.ui.server import server
from rsdash.ui.setting_words import HIDDEN, field_label, in_form_words
from rsdash.ui.telling import tell_next
from rsdash.ui.words import duration, plain

OFFERED = [name for name in SETTINGS if name not in (*HIDDEN, "seed")]


def grid_form(values: Mapping[str, Any], name: str) -> None:
    """Choose settings and their values; then see what that makes, and queue it.

    Args:
        values: what the form holds.
        name: with which the names of the runs begin; empty for made ones.

    Raises:
        RsdashError: one sentence on a value that does not fit.
    """
    chosen = st.multiselect(
        "Settings to vary",
        OFFERED,
        key=f"{VARIED}settings",
        format_func=lambda setting: field_label(SETTINGS[setting]),
        placeholder="learning rate, model, skip, kernel sizes …",
    )
    texts = {setting: _values_field(SETTINGS[setting], values) for setting in chosen}
    seeds = st.text_input(
        "Seeds",
        key=f"{VARIED}seeds",
        placeholder="0-4 or 0,3,7",
        help="Every combination is trained once with each seed. From three seeds on, Compare tests whether "
        "one is better than another.",
    )
    if empty := [field_label(SETTINGS[setting]) for setting, text in texts.items() if not text.strip()]:
        st.info(f"{' and '.join(empty)}: no values yet. Write some, or take the setting out.")
        return
    try:
        varied = {setting: parse_values(setting, text) for setting, text in texts.items()}
        if seeds.strip():
            varied["seed"] = parse_seeds(seeds)
        if not varied:
            st.caption(f"Every combination of the values becomes a run, at most {MAX_RUNS} at once.")
            return
        cells = make_grid(values, varied, preset=st.session_state[PRESET_KEY])
        for cell in cells:
            allowed_settings(cell.config)
        _offer(cells, varied, name)
    except ConfigError as error:
        raise ConfigError(in_form_words(str(error), error.setting)) from error


def _offer(cells: list[Cell], varied: Mapping[str, Sequence[str]], name: str) -> None:
    """What the values make, a button that queues it, and the command line that does the same."""
    counts = " × ".join(str(len(each)) for each in varied.values())
    st.markdown(f"**{len(cells)} runs** ({counts}), {_time(cells)}")
    if st.button(f"Queue {len(cells)} runs", key="queue-grid", type="primary"):
        _queue(cells, name)
    st.code(command_for_grid(cells[0].config, varied, name=name), language="bash", wrap_lines=True)
    st.caption("The same runs from the command line.")


def _queue(cells: list[Cell], name: str) -> None:
    """Queue them, and say so on the page that lists them."""
    with st.spinner("Checking data and settings of all runs"):
        taken = {entry.name for entry in server().listing().entries}
        folders = submit_grid(cells, runs_dir=server().runs_dir, name=name or None, taken_names=taken)
    server().refresh()
    forget_what_was_queued()
    [tag] = folders[0].about().tags
    tell_next(f"{len(folders)} runs are queued; they share the tag {plain(tag)}.")
    st.switch_page(page("overview"))


def _values_field(info: SettingInfo, values: Mapping[str, Any]) -> str:
    several = isinstance(info.default, tuple)
    present = as_text(values.get(info.name, info.default))
    return st.text_input(
        f"Values of {field_label(info)}",
        key=f"{VARIED}{info.name}",
        placeholder=f"{present}{';' if several else ','} …",
        help=f"Parted by {'semicolons' if several else 'commas'}. {info.describe()}",
    )


def _time(cells: list[Cell]) -> str:
    """How long they take one after the other, where every cost is known."""
    infos = {info.name: info for info in list_datasets()}
    counts: dict[str, tuple[int, int]] = {}
    seconds = [_seconds(cell.config, infos.get(cell.config.data), counts) for cell in cells]
    measured = [one for one in seconds if one is not None]
    if len(measured) < len(seconds):
        return (
            "whose time is not known: *Check time, memory and disk* measures it for the settings of the form"
        )
    upper = "at most " if any(cell.config.patience for cell in cells) else "about "
    return f"{upper}**{duration(sum(measured))}** one after the other"


def _seconds(config: RunConfig, info: DatasetInfo | None, counts: dict[str, tuple[int, int]]) -> float | None:
    """Time that one run takes; None where its cost is not known.

    Args:
        config: its settings.
        info: of its data set.
        counts: images to train on and to measure by the settings of data, which this adds to.
    """
    if info is None:
        return None
    cost = known(config, len(info.classes), info.radiometry)
    if cost is None:
        return None
    key = config.model_dump_json(include=set(DataSettings.model_fields))
    if key not in counts:
        counts[key] = count_images(server().dataset(info), config)
    train, measured = counts[key]
    return training_seconds(config, cost, train=train, measured=measured)
