"""Below the curves of a run: one of several looks inside, of which only the chosen one is built and sent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from rsdash.charts import (
    confusion_matrix,
    gradient_map,
    learning_rate,
    machine_use,
    rate_in_words,
    throughput,
    update_ratios,
)
from rsdash.evaluation.gradients import flow_in_words, flow_of
from rsdash.evaluation.roles import images_of
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry
from rsdash.training.schedule import layer_rates
from rsdash.ui.filter_view import filter_view
from rsdash.ui.probe_view import probe_view
from rsdash.ui.run_curves import chosen_axis, part_revision, shared_chart
from rsdash.ui.words import plain

KEY = "inside"
EPOCH_KEY, LATEST_KEY = "confusion-epoch", "confusion-latest"


def run_inside(entry: RunEntry, history: History) -> None:
    """Choose a look, see it."""
    chosen = st.segmented_control(
        "Look inside",
        list(LOOKS),
        key=KEY,
        default="Learning rate",
        required=True,
        label_visibility="collapsed",
    )
    LOOKS[chosen or "Learning rate"](entry, history)


def _rate(entry: RunEntry, history: History) -> None:
    if not len(history.steps["step"]):
        st.caption("No step has been logged yet.")
        return
    axis, steps = chosen_axis(), history.steps
    epochs = np.ceil(steps["epoch"]) - 1  # the rows tell how far the run is after a step
    rates = layer_rates(entry.config, steps["learning_rate"].tolist(), epochs.tolist())
    rate, head_rate = np.array(rates)
    shared_chart(
        entry,
        f"learning rate {axis}",
        part_revision(history, steps["step"]),
        lambda: learning_rate(
            history, rate=rate, head_rate=head_rate, axis=axis, revision=f"{entry.id} {axis}"
        ),
        key="rate",
        alt=f"Learning rate over {axis}, now {rate_in_words(rate[-1], head_rate[-1])}",
    )


def _gradients(entry: RunEntry, history: History) -> None:
    layers = history.layers
    if not len(layers.step):
        st.caption("No gradients have been measured yet, or this run is from before they were.")
        return
    revision, flow = part_revision(history, layers.step), flow_of(layers.norms)
    if flow:
        st.markdown(f"The first layer's gradient is {plain(flow_in_words(flow))}.")
    shared_chart(
        entry,
        "gradient map",
        revision,
        lambda: gradient_map(layers, revision=entry.id),
        key="gradients",
        alt=f"Gradient norm of {len(layers.names)} groups of layers over the epochs",
    )
    shared_chart(
        entry,
        "update ratios",
        revision,
        lambda: update_ratios(layers, revision=entry.id),
        key="ratios",
        alt=f"Change of the weights in a step over their size, lately {np.nanmedian(layers.ratios[-1]):.1e}"
        if np.isfinite(layers.ratios[-1]).any()
        else "Change of the weights in a step over their size",
    )
    st.caption(
        "Measured at a few steps of each epoch, before clipping: the Euclidean norm of all of a layer's "
        "gradients, and how far the step moved its weights. Layers with more weights have larger norms, so "
        "the first against the last is a rough sign; more is said by a layer over time, or beside the same "
        "layer of another run on the Compare page."
    )


def _confusion(entry: RunEntry, history: History) -> None:
    confusions = history.confusions
    if not confusions:
        st.caption("No epoch has been measured yet, or this run is from before confusion was recorded.")
        return
    epoch = _chosen_epoch([confusion.epoch for confusion in confusions])
    confusion = next(one for one in confusions if one.epoch == epoch)
    classes = entry.request.data.classes
    shared_chart(
        entry,
        f"confusion {epoch}",
        part_revision(history, [confusion.step]),
        lambda: confusion_matrix(confusion, classes, revision=entry.id),
        key="confusion",
        alt=f"Which of {len(classes)} classes were taken for which after epoch {epoch}, "
        f"on {confusion.images:,} images",
    )
    st.caption(f"On {confusion.images:,} {images_of(entry.watched_role)}.")


def _chosen_epoch(epochs: list[int]) -> int:
    """A slider that follows the latest epoch until it is moved."""
    state, latest = st.session_state, epochs[-1]
    if len(epochs) == 1:
        return latest
    if state.get(EPOCH_KEY) in (None, state.get(LATEST_KEY)) or state[EPOCH_KEY] not in epochs:
        state[EPOCH_KEY] = latest
    state[LATEST_KEY] = latest
    return st.select_slider("After epoch", epochs, key=EPOCH_KEY)


def _machine(entry: RunEntry, history: History) -> None:
    axis, steps, machine = chosen_axis(), history.steps, history.machine
    if (steps["seconds"] > 0).any():
        shared_chart(
            entry,
            f"throughput {axis}",
            part_revision(history, steps["step"]),
            lambda: throughput(history, axis=axis, revision=f"{entry.id} {axis}"),
            key="throughput",
            alt=f"Milliseconds an image over {axis}, parted into getting ready and learning",
        )
    if len(machine["step"]):
        shared_chart(
            entry,
            "machine",
            part_revision(history, machine["at"]),
            lambda: machine_use(machine, revision=entry.id),
            key="machine",
            alt=f"Processor, memory and GPU over {len(machine['step']):,} looks at the machine",
        )
    else:
        st.caption("The machine is looked at every 10 s; there is no look yet.")


LOOKS: dict[str, Callable[[RunEntry, History], None]] = {
    "Learning rate": _rate,
    "Gradients": _gradients,
    "Confusion": _confusion,
    "Probe tiles": probe_view,
    "Filters": filter_view,
    "Machine": _machine,
}
