"""The form of a run's settings, drawn from their one definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rsdash.config import PRESET_TEXTS, PRESETS, SETTINGS, Group, RunConfig, SettingInfo, as_text, make_config
from rsdash.config.setting import Level
from rsdash.data.splitting import split_names_of
from rsdash.errors import ConfigError, RsdashError
from rsdash.jobs.devices import find_slots
from rsdash.jobs.first_weights import runs_with_weights, weights_of, with_run_id
from rsdash.ui.form_memory import PRESET_KEY, SETTING, kept, recall, remember
from rsdash.ui.places import allowed_settings
from rsdash.ui.run_list import run_label
from rsdash.ui.server import server
from rsdash.ui.setting_words import CAPTIONS, HIDDEN, TITLES, field_label, in_form_words
from rsdash.ui.words import plain

FIRST_COLUMNS: tuple[tuple[Group, ...], ...] = (
    ("model", "augmentation", "machine"),
    ("data",),
    ("training",),
)
FOLDED: dict[Level, tuple[str, tuple[tuple[Group, ...], ...]]] = {
    "more": ("More settings", (("model", "data"), ("training",), ("regularization",), ("augmentation",))),
    "seldom": ("Seldom needed settings", (("training",), ("model", "data", "regularization"), ("machine",))),
}
"""Title of each folded level, and its groups of fields, those of a column below each other."""


@dataclass(frozen=True)
class FilledForm:
    """What the form holds.

    Attributes:
        values: setting → value, for `make_config`, of all fields that have an effect.
        config: the settings; None where they do not fit, which the form says.
    """

    values: dict[str, Any]
    config: RunConfig | None


def recall_form() -> None:
    """Give the fields back what they held; the defaults the first time."""
    if kept() is None:
        fill_form(RunConfig())
    recall()


def fill_form(config: RunConfig) -> None:
    """Put the settings of a run into the form."""
    st.session_state[PRESET_KEY] = config.preset
    for name, info in SETTINGS.items():
        st.session_state[SETTING + name] = _shown(info, getattr(config, name))
    remember()


def set_field(name: str, value: Any) -> None:
    """Put a value into one field, before the form is drawn."""
    st.session_state[SETTING + name] = _shown(SETTINGS[name], value)


def choose_data(data: str, split: str) -> None:
    """Put a data set and one of its splits into the form; an empty split is made from the shares."""
    st.session_state[SETTING + "data"] = data
    st.session_state[SETTING + "split"] = split


def preset_picker() -> None:
    """Choose a recipe; the form takes over what it sets."""
    st.segmented_control(
        "Recipe",
        list(PRESETS),
        key=PRESET_KEY,
        required=True,
        on_change=_apply_preset,
        help="Where the settings start from. Every field stays editable.",
    )
    st.caption(PRESET_TEXTS[st.session_state[PRESET_KEY]])


def settings_form(*, models: Sequence[str], datasets: Sequence[str]) -> FilledForm:
    """Draw all fields that have an effect beside the others, and say what does not fit.

    Args:
        models: names offered for `model`; any other may be typed.
        datasets: names offered for `data`; a path may be typed.
    """
    fields = _fields({name: st.session_state[SETTING + name] for name in SETTINGS})
    options = _options(models=models, datasets=datasets)
    problems = {}
    for column, groups in zip(st.columns(len(FIRST_COLUMNS), gap="large"), FIRST_COLUMNS, strict=True):
        with column:
            for group in groups:
                problems[group] = _group(group, "first", fields, options)
    for level, (title, columns) in FOLDED.items():
        with st.expander(title):
            for column, groups in zip(st.columns(len(columns), gap="medium"), columns, strict=True):
                with column:
                    for group in groups:
                        _group(group, level, fields, options)
    remember()
    values = {info.name: st.session_state.get(SETTING + info.name, info.default) for info in fields}
    return _checked(values, problems, st.container())


def config_from(values: dict[str, Any]) -> RunConfig:
    """The settings that the form holds.

    Raises:
        ConfigError: one sentence on what does not fit.
        DataError: a path that this server may not read.
    """
    config = allowed_settings(make_config(values, preset=st.session_state[PRESET_KEY]))
    return with_run_id(config, server().listing)


def kept_config() -> RunConfig | None:
    """The settings that the form held last in this session; None where it was never drawn.

    Raises:
        ConfigError: one sentence on what does not fit.
    """
    held = kept()
    if held is None:
        return None
    values = {name: held.get(SETTING + name, info.default) for name, info in SETTINGS.items()}
    values = {info.name: values[info.name] for info in _fields(values)}
    return allowed_settings(make_config(values, preset=held[PRESET_KEY]))


def _fields(values: Mapping[str, Any]) -> list[SettingInfo]:
    """The fields that have an effect beside these values."""
    return [info for info in SETTINGS.values() if info.name not in HIDDEN and info.applies(values)]


def _options(*, models: Sequence[str], datasets: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the lists offer that any other value may be typed into: setting → choices with their labels."""
    runs = runs_with_weights(server().listing(), st.session_state[SETTING + "model"])
    devices = ["auto", *(slot.id for slot in reversed(find_slots()))]
    return {
        "model": {name: name for name in models},
        "data": {name: name for name in datasets},
        "weights": {
            **{name: name for name in ("random", "imagenet", "packaged")},
            **{weights_of(entry): f"of the run {run_label(entry)}" for entry in runs},
        },
        "device": {name: name for name in devices},
        "split": {
            "": "made from the shares",
            **{name: name for name in split_names_of(st.session_state[SETTING + "data"])},
        },
    }


def _group(
    group: Group, level: Level, fields: Sequence[SettingInfo], options: Mapping[str, dict[str, str]]
) -> DeltaGenerator | None:
    """Draw the fields of a group; returns the place below its heading, for what does not fit in it."""
    own = [info for info in fields if (info.group, info.level) == (group, level)]
    if not own:
        return None
    st.markdown(f"**{TITLES[group]}**  \n:small[:gray[{CAPTIONS[level][group]}]]")
    problem = st.container()
    for info in own:
        _field(info, options.get(info.name))
    return problem


def _checked(
    values: dict[str, Any], problems: Mapping[Group, DeltaGenerator | None], below: DeltaGenerator
) -> FilledForm:
    """What the form holds; what does not fit is said at its group, or below where that is folded away."""
    place, sentence = None, ""
    try:
        return FilledForm(values, config_from(values))
    except ConfigError as error:
        sentence, info = in_form_words(str(error), error.setting), SETTINGS.get(error.setting)
        if info and info.level == "first":
            place = problems.get(info.group)
    except RsdashError as error:
        sentence = str(error)
    (place or below).error(plain(sentence))
    return FilledForm(values, None)


def _apply_preset() -> None:
    preset = st.session_state[PRESET_KEY]
    data, split, model = (st.session_state[SETTING + name] for name in ("data", "split", "model"))
    fill_form(make_config({}, preset=preset))
    choose_data(data, split)
    if preset == "paper":
        st.session_state[SETTING + "model"] = model if model in ("alexnet", "resnet18") else "alexnet"


def _field(info: SettingInfo, options: dict[str, str] | None) -> None:
    key = SETTING + info.name
    label = field_label(info)
    if options is not None:
        known = st.session_state[key]
        st.selectbox(
            label,
            list(options if known in options else {known: known, **options}),
            key=key,
            help=info.text,
            accept_new_options=True,
            format_func=lambda choice: options.get(choice, str(choice)),
        )
    elif info.kind == "choice":
        st.selectbox(label, info.choices, key=key, help=info.text)
    elif info.kind == "switch":
        st.toggle(label, key=key, help=info.text)
    elif info.kind == "whole":
        low = None if info.minimum is None else int(info.minimum)
        high = None if info.maximum is None else int(info.maximum)
        st.number_input(label, min_value=low, max_value=high, step=1, key=key, help=info.text, value=None)
    else:
        st.text_input(label, key=key, help=info.describe())


def _shown(info: SettingInfo, value: Any) -> Any:
    """A value as its widget holds it; numbers are typed as text, so that 5e-4 can be."""
    if value is None:
        return None if info.kind == "whole" else ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return _number_text(value) if info.kind == "number" else value


def _number_text(value: float) -> str:
    """A number as a person would type it: 1, 0.0005 or 1e-05, and in full where that would lose a digit."""
    text = f"{value:g}"
    return text if float(text) == value else as_text(value)
