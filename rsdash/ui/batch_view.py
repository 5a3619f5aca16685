"""A training batch as the network sees it: augmented, normalized, resized, then drawn back."""

from __future__ import annotations

import hashlib
import secrets

import streamlit as st

from rsdash.config import PRESETS, RunConfig, make_config
from rsdash.data import Dataset
from rsdash.errors import RsdashError
from rsdash.inference.results import BatchImage, TrainingBatch
from rsdash.ui.decoding import decode_first, decoding_cost, decoding_words
from rsdash.ui.long_action import long_action
from rsdash.ui.settings_form import kept_config
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import breakable, plain

FORM = "the Train page"
SHOWN_PX = 128


def data_batch_view(dataset: Dataset) -> None:
    """Choose whose settings, then a batch of this data set."""
    try:
        kept = kept_config()
    except RsdashError as error:
        kept = None
        st.caption(f"The settings on the Train page do not fit yet: {plain(str(error))}")
    choices = [*([FORM] if kept else []), *PRESETS]
    chosen = st.selectbox("Settings of", choices, key="batch-settings", width=240)
    config = kept if kept and chosen == FORM else make_config({}, preset=chosen)
    split = config.split if config.data == dataset.name else None
    batch_view(config.model_copy(update={"data": dataset.name, "split": split}))


def batch_view(config: RunConfig) -> None:
    """The batch of a step with these settings, or the way to it.

    Raises:
        RsdashError: the data set is damaged.
    """
    place = st.session_state.setdefault("batch-place", secrets.token_hex(4))
    settings = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    shown_of, batch = st.session_state.get("batch-shown", ("", None))
    if batch is not None and shown_of == settings:
        _show(batch)
        step, label = batch.epoch * batch.steps_per_epoch + batch.step + 1, "Next batch"
    else:
        st.caption(f"Takes a training batch by the very code that trains.{decoding_cost(config)}")
        step, label = 0, "Draw the first batch"
    found = long_action(
        f"batch {place}",
        label=label,
        title="Drawing a training batch",
        action=lambda report: (settings, _make(config, step, report)),
        words=_words,
    )
    if found is not None:
        st.session_state["batch-shown"] = found
        st.rerun()


def _make(config: RunConfig, step: int, report: Report) -> TrainingBatch:
    """Have the pixel cache ready, which shows progress, then ask the service."""
    from rsdash.inference.client import training_batch  # brings httpx, which a page should not wait for

    decode_first(config, report)
    report(1, 1)
    batch = training_batch(config, step=step)
    report(1, 1)  # a stop meanwhile counts
    return batch


def _words(progress: Progress) -> str:
    if progress.done >= progress.total:
        return "The inference service draws the batch; it takes some seconds to start"
    return decoding_words(progress)


def _show(batch: TrainingBatch) -> None:
    with st.container(horizontal=True, gap="small", key="batch-images"):
        for image in batch.images:
            st.image(
                image.content,
                caption=plain(breakable(_classes(image))),
                width=SHOWN_PX,
                alt=f"Image of class {_classes(image)}, as augmented",
            )
    st.caption(plain(f"{_which(batch)} {_numbers(batch)}"))


def _classes(image: BatchImage) -> str:
    """What an image counts as: `Forest`, or `Forest 70 %, Lake 30 %` where two were mixed."""
    told = [(name, round(100 * share)) for name, share in image.shares]
    mixed = [f"{name} {percent}\u00a0%" for name, percent in told if percent]  # which no line breaks apart
    return ", ".join(mixed) if len(mixed) > 1 else told[0][0]


def _which(batch: TrainingBatch) -> str:
    shown = f", {len(batch.images)} of them here" if len(batch.images) < batch.batch_size else ""
    return (
        f"Step {batch.step + 1:,} of {batch.steps_per_epoch:,} in epoch {batch.epoch + 1} on the split "
        f"{batch.split}: {batch.batch_size} images of {batch.side_px} x {batch.side_px} px{shown}."
    )


def _numbers(batch: TrainingBatch) -> str:
    bands = [batch.channels[place] for place in batch.display_channels]
    scale = ", ".join(
        f"{name} {mean:.3f} and {std:.3f}"
        for name, mean, std in zip(batch.channels, batch.mean, batch.std, strict=True)
    )
    colours = "" if bands == ["red", "green", "blue"] else f" and show {', '.join(bands)} as red, green, blue"
    return (
        f"The network gets numbers from {batch.lowest:.2f} to {batch.highest:.2f}: values normalized by mean "
        f"and standard deviation ({scale}). The pictures undo that{colours}."
    )
