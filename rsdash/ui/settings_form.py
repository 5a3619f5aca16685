"""The form of a run's settings, drawn from their one definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rsdash.config import PRESET_TEXTS, PRESETS, SETTINGS, RunConfig, SettingInfo, make_config
from rsdash.data.splitting import split_names_of
from rsdash.jobs.devices import find_slots
from rsdash.ui.places import allowed_settings

PREFIX = "set-"
PRESET_KEY = "preset"
KEPT_KEY = "settings"
HIDDEN = ("class_mode",)
"""Settings with a single possible value."""
LABEL_WORDS = {
    "im": "image",
    "ema": "EMA",
    "deg": "",
    "norm": "normalization",
    "warmup": "warm-up",
    "mixup": "MixUp",
    "cutmix": "CutMix",
}
TITLES = {
    "model": "Model",
    "data": "Data",
    "training": "Training",
    "regularization": "Regularization",
    "augmentation": "Augmentation",
    "machine": "Machine",
}
ADVANCED_COLUMNS = (("model", "data"), ("training",), ("regularization", "machine"), ("augmentation",))
"""Groups of settings that stand below each other, of about the same height."""


def fill_form(config: RunConfig) -> None:
    """Put the settings of a run into the form."""
    st.session_state[PRESET_KEY] = config.preset
    for name, info in SETTINGS.items():
        st.session_state[PREFIX + name] = _shown(info, getattr(config, name))
    _remember()


def set_field(name: str, value: Any) -> None:
    """Put a value into one field, before the form is drawn."""
    st.session_state[PREFIX + name] = _shown(SETTINGS[name], value)


def choose_data(data: str, split: str) -> None:
    """Put a data set and one of its splits into the form; an empty split is made from the shares."""
    st.session_state[PREFIX + "data"] = data
    st.session_state[PREFIX + "split"] = split


def preset_picker() -> None:
    """Choose a recipe; the form takes over what it sets."""
    _recall()
    st.segmented_control(
        "Recipe",
        list(PRESETS),
        key=PRESET_KEY,
        required=True,
        on_change=_apply_preset,
        help="Where the settings start from. Every field stays editable.",
    )
    st.caption(PRESET_TEXTS[st.session_state[PRESET_KEY]])


def settings_form(*, models: Sequence[str], datasets: Sequence[str]) -> dict[str, Any]:
    """Draw all fields that apply to the chosen model and return what they hold.

    Args:
        models: names offered for `model`; any other may be typed.
        datasets: names offered for `data`; a path may be typed.

    Returns:
        Setting → value, for `make_config`.
    """
    devices = ["auto", *(slot.id for slot in reversed(find_slots()))]
    weights = ["random", "imagenet", "packaged"]
    splits = ["", *split_names_of(st.session_state[PREFIX + "data"])]
    options = {
        "model": list(models),
        "data": list(datasets),
        "weights": weights,
        "device": devices,
        "split": splits,
    }
    chosen = st.session_state[PREFIX + "model"]
    fields = [info for info in SETTINGS.values() if info.name not in HIDDEN and _applies(info, chosen)]
    columns = st.columns(3, gap="large")
    for column, groups in zip(
        columns, (("model", "augmentation", "machine"), ("data",), ("training",)), strict=True
    ):
        with column:
            for group in groups:
                st.markdown(f"**{TITLES[group]}**")
                for info in fields:
                    if info.group == group and info.level == "first":
                        _field(info, options.get(info.name))
    with st.expander("More settings"):
        _advanced(fields, options)
    _remember()
    return {info.name: st.session_state.get(PREFIX + info.name, info.default) for info in fields}


def config_from(values: dict[str, Any]) -> RunConfig:
    """The settings that the form holds.

    Raises:
        ConfigError: one sentence on what does not fit.
        DataError: a path that this server may not read.
    """
    return allowed_settings(make_config(values, preset=st.session_state[PRESET_KEY]))


def kept_config() -> RunConfig | None:
    """The settings that the form held last in this session; None where it was never drawn.

    Raises:
        ConfigError: one sentence on what does not fit.
    """
    kept = st.session_state.get(KEPT_KEY)
    if kept is None:
        return None
    model = kept[PREFIX + "model"]
    fields = [info for info in SETTINGS.values() if info.name not in HIDDEN and _applies(info, model)]
    values = {info.name: kept.get(PREFIX + info.name, info.default) for info in fields}
    return allowed_settings(make_config(values, preset=kept[PRESET_KEY]))


def _remember() -> None:
    """Keep a copy of what the fields hold: Streamlit forgets a field that a page does not draw."""
    kept = st.session_state.setdefault(KEPT_KEY, {})
    for key in (PRESET_KEY, *(PREFIX + name for name in SETTINGS)):
        if key in st.session_state:
            kept[key] = st.session_state[key]


def _recall() -> None:
    if KEPT_KEY not in st.session_state:
        fill_form(RunConfig())
    for key, value in st.session_state[KEPT_KEY].items():
        if key not in st.session_state:
            st.session_state[key] = value


def _advanced(fields: Sequence[SettingInfo], options: dict[str, list[str]]) -> None:
    for column, groups in zip(st.columns(len(ADVANCED_COLUMNS)), ADVANCED_COLUMNS, strict=True):
        with column:
            for group in groups:
                folded = [info for info in fields if info.group == group and info.level != "first"]
                if folded:
                    st.markdown(f"**{TITLES[group]}**")
                for info in folded:
                    _field(info, options.get(info.name))


def _apply_preset() -> None:
    preset = st.session_state[PRESET_KEY]
    data, split, model = (st.session_state[PREFIX + name] for name in ("data", "split", "model"))
    fill_form(make_config({}, preset=preset))
    choose_data(data, split)
    if preset == "paper":
        st.session_state[PREFIX + "model"] = model if model in ("alexnet", "resnet18") else "alexnet"


def field_label(info: SettingInfo) -> str:
    """Name of a field in words, with its unit once."""
    words = " ".join(LABEL_WORDS.get(word, word) for word in info.name.split("_")).strip()
    unit = f" ({info.unit})" if info.unit and not words.endswith(info.unit) else ""
    return words[0].upper() + words[1:] + unit


def _field(info: SettingInfo, options: list[str] | None) -> None:
    key = PREFIX + info.name
    label = field_label(info)
    if options is not None:
        known = st.session_state[key]
        choices = options if known in options else [known, *options]
        shown = {"": "made from the shares"} if info.name == "split" else {}
        st.selectbox(
            label,
            choices,
            key=key,
            help=info.text,
            accept_new_options=True,
            format_func=lambda choice: shown.get(choice, str(choice)),
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
    return f"{value:g}" if info.kind == "number" else value


def _applies(info: SettingInfo, model: str) -> bool:
    return not info.models or model in info.models
