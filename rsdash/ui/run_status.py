"""What a run is doing: state, progress, figures, notices, and everything behind them."""

from __future__ import annotations

import streamlit as st

from rsdash.config import SETTINGS, RunConfig, as_text
from rsdash.errors import RunError
from rsdash.jobs.devices import find_slots
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry
from rsdash.runs.records import DataReference
from rsdash.runs.states import ENDED, EVALUATED, Interruption, RunState
from rsdash.ui.fold import fold
from rsdash.ui.queue_list import place_in_words
from rsdash.ui.run_figures import figure_cards
from rsdash.ui.server import server
from rsdash.ui.setting_words import HIDDEN, field_label
from rsdash.ui.words import NONE, STATE_COLORS, left, plain, size, state_text

NOTICES_SHOWN = 6
PASSED = {"nan", *(reason.value for reason in Interruption)}
"""Codes of alerts that the state itself shows as long as they matter."""

ALERTS = ("alert", "relief")


def status(entry: RunEntry) -> None:
    """State, progress with remaining time, and the latest figures."""
    state, summary, config = entry.state, entry.state.summary, entry.config
    _page_title(entry)
    share = summary.step / summary.steps if summary.steps else 0.0
    text = f"epoch {summary.epoch} of {config.epochs}"
    if state.state is RunState.RUNNING:
        text += left(summary.remaining_s)
    st.badge(state_text(entry), color=STATE_COLORS[state.state])  # pyright: ignore[reportArgumentType]  # a known colour
    if state.message:
        (st.error if state.state is RunState.FAILED else st.warning)(plain(state.message))
    if state.state is RunState.QUEUED:
        st.caption(plain(place_in_words(entry, server().listing().entries, find_slots())))
    if state.state not in EVALUATED:
        st.progress(min(1.0, share), text=text)
    figure_cards(entry)


def notices(entry: RunEntry, history: History) -> None:
    """Alerts that hold, earlier ones folded away, and the newest acknowledgements."""
    training = entry.state.state not in ENDED | {RunState.EVALUATING}
    standing, earlier = [], list(history.alerts.earlier)
    for alert in history.alerts.standing:
        (earlier if training and alert.fields.get("code") == "early-end" else standing).append(alert)
    for alert in standing:
        if alert.fields.get("code") not in PASSED:
            st.warning(plain(alert.text))
    if told := [alert.text for alert in earlier if alert.fields.get("code") not in PASSED]:
        with st.expander(f"Earlier alerts ({len(told)})", key="earlier-alerts"):
            st.markdown("\n".join(f"- {plain(text)}" for text in told))
    answers = [n.text for n in history.notices if n.kind not in ALERTS or n.fields.get("code") in PASSED]
    if answers := [text for text in answers if text != entry.state.message]:
        st.caption(" · ".join(plain(text) for text in answers[-NOTICES_SHOWN:]))


def details(entry: RunEntry) -> None:
    """Settings, data, environment and log, folded away."""
    fold("Settings", "open-settings", lambda: _settings(entry))
    with st.expander("Data"):
        data = entry.request.data
        st.markdown(
            f"**{plain(data.name)}**{' (synthetic)' if data.synthetic else ''}, split {plain(data.split)}: "
            + ", ".join(f"{count:,} {part}" for part, count in data.counts.items())
        )
        st.caption(split_checks(data))
        st.text(f"classes: {', '.join(data.classes)}\nfingerprint: {data.fingerprint}")
    fold("Environment and log", "open-log", lambda: _environment_and_log(entry))


def _settings(entry: RunEntry) -> None:
    st.markdown(f"Recipe: **{entry.config.preset}**")
    st.dataframe(_setting_rows(entry), hide_index=True, alt="Settings of this run")
    if entry.state.amendments:
        st.caption("Values are those in force now; the last column says what was changed on the way.")


def _environment_and_log(entry: RunEntry) -> None:
    try:
        for attempt in entry.folder.environment().attempts:
            st.json(attempt, expanded=False)
    except RunError as error:
        st.warning(plain(str(error)))
    st.code(entry.folder.log_tail(lines=40) or "The worker printed nothing.", language=None)
    st.caption(f"{size(entry.folder.disk_bytes())} on disk")
    st.text(str(entry.folder.path))


def split_checks(data: DataReference) -> str:
    """What is known about near-duplicates and neighbours on both sides of a run's split."""
    flatters = "where they sit on both sides of a split, figures flatter the model."
    if not data.checked or set(data.checked.items()) <= {
        ("duplicates", "not checked"),
        ("positions", "unknown"),
    }:
        return f"Near-duplicates and neighbouring tiles were not looked for: {flatters}"
    found = ". ".join(f"{what.capitalize()}: {plain(state)}" for what, state in data.checked.items())
    return f"{found}. Images that resemble or touch each other matter, as {flatters}"


def _setting_rows(entry: RunEntry) -> list[dict[str, object]]:
    """The settings that have an effect in this run, by the names that the form has for them."""
    config = entry.config
    values, asked = config.model_dump(), entry.request.config.model_dump()
    changed = config.changed_from(RunConfig())
    on_the_way: dict[str, str] = {}
    for amendment in entry.state.amendments:
        words = f"{amendment.value:g} from step {amendment.step}"
        on_the_way[amendment.setting] = ", ".join(filter(None, (on_the_way.get(amendment.setting), words)))
    fields = [info for info in SETTINGS.values() if info.name not in HIDDEN and info.applies(values)]
    return [
        {
            "Setting": field_label(info),
            "Value": as_text(values[info.name]) or NONE,
            "Changed from Table 1": info.name in changed,
            "Changed on the way": f"{as_text(asked[info.name])}, {on_the_way[info.name]}"
            if info.name in on_the_way
            else "",
        }
        for info in fields
    ]


def _page_title(entry: RunEntry) -> None:
    """Tell in the browser's tab how far the run is, or that it has ended."""
    summary = entry.state.summary
    if entry.state.state in ENDED:
        mark = state_text(entry)
    else:
        mark = f"{summary.step / summary.steps:.0%}" if summary.steps else state_text(entry)
    st.set_page_config(page_title=f"{mark} · {entry.name} · rsdash")
