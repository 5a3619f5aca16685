"""Accuracy against what it costs: size, arithmetic, time, memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from rsdash.charts import Priced, accuracy_against_cost
from rsdash.config import RunConfig
from rsdash.errors import RsdashError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.cost import seconds_to
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.wording import figure_text
from rsdash.inference.profiles import known, measured
from rsdash.inference.results import Profile
from rsdash.runs.index import RunEntry
from rsdash.ui.long_action import in_percent, long_action
from rsdash.ui.server import server
from rsdash.ui.tasks import Report
from rsdash.ui.words import duration, plain, size

TARGET_KEY, PROBLEMS = "cost-target", "cost-problems"


@dataclass(frozen=True)
class Costs:
    """What one run cost; None where it is not known.

    Attributes:
        parameters: trainable numbers in the network.
        flops: floating-point operations of one forward pass of one image.
        latency_ms: time of a forward pass of one image on this machine, within a batch.
        images_per_s: training speed.
        training_s: of all epochs.
        to_target_s: training time until the target accuracy was reached after an epoch.
        memory_bytes: peak memory of the worker.
    """

    parameters: float | None
    flops: float | None
    latency_ms: float | None
    images_per_s: float | None
    training_s: float | None
    to_target_s: float | None
    memory_bytes: float | None


AXES: dict[str, tuple[Callable[[Costs], float | None], bool]] = {
    "parameters (millions)": (lambda c: c.parameters and c.parameters / 1e6, True),
    "training time (minutes)": (lambda c: c.training_s and c.training_s / 60, True),
    "time to the target accuracy (minutes)": (lambda c: c.to_target_s and c.to_target_s / 60, True),
    "training speed (images/s)": (lambda c: c.images_per_s, False),
    "peak memory (GB)": (lambda c: c.memory_bytes and c.memory_bytes / 1e9, True),
    "arithmetic (GFLOP an image)": (lambda c: c.flops and c.flops / 1e9, True),
    "forward pass (ms an image)": (lambda c: c.latency_ms, True),
}
"""Costs that accuracy can be drawn against: how to read them, and whether less is better."""


def cost_view(entries: Sequence[RunEntry], contenders: Sequence[Contender]) -> None:
    """A table of costs and a chart of accuracy against one of them."""
    measured_runs = [one.figures.accuracy for one in contenders if one.figures]
    if not measured_runs:
        st.caption("None of these runs has been evaluated yet.")
        return
    left, right = st.columns(2)
    cost = left.selectbox("Accuracy against", list(AXES), key="cost-axis")
    target = right.number_input(
        "Target accuracy",
        0.0,
        1.0,
        round(0.9 * min(measured_runs), 2),
        0.01,
        key=TARGET_KEY,
        help="For the time until the accuracy after an epoch first reached it.",
    )
    profiles = {entry.id: _profile(entry) for entry in entries}
    costs = [_costs(entry, target, profiles[entry.id]) for entry in entries]
    _chart(contenders, costs, cost)
    names = names_apart(entries)
    rows = [
        {
            "Run": names[one.id],
            "Accuracy": _accuracy(one),
            **_paid(paid),
            "Device": entry.state.summary.device,
        }
        for entry, one, paid in zip(entries, contenders, costs, strict=True)
    ]
    st.dataframe(rows, hide_index=True, placeholder="–", alt="What each run cost")
    devices = sorted({entry.state.summary.device for entry in entries if entry.state.summary.device})
    if len(devices) > 1:
        st.caption(f"Times are from different devices: {plain('; '.join(devices))}.")
    _measuring([entry for entry in entries if profiles[entry.id] is None])


def _chart(contenders: Sequence[Contender], costs: Sequence[Costs], cost: str) -> None:
    read, less_is_better = AXES[cost]
    names = names_apart(contenders)
    points = [
        Priced(names[one.id], value, one.figures.accuracy, one.figures.accuracy_half_width, position)
        for position, (one, paid) in enumerate(zip(contenders, costs, strict=True))
        if one.figures and (value := read(paid))
    ]
    if not points:
        st.caption("Not known for any of these runs; measure it below.")
        return
    figure = accuracy_against_cost(points, cost=cost, less_is_better=less_is_better)
    st.plotly_chart(
        figure, key="cost", alt=f"Accuracy against {cost} of {', '.join(one.name for one in points)}"
    )


def _costs(entry: RunEntry, target: float, profile: Profile | None) -> Costs:
    summary, epochs = entry.state.summary, server().history(entry.folder).epochs
    return Costs(
        parameters=summary.parameters or None,
        flops=profile.flops if profile else None,
        latency_ms=1000 * profile.seconds_per_image_forward if profile else None,
        images_per_s=summary.images_per_s,
        training_s=summary.elapsed_s or None,
        to_target_s=seconds_to(target, epochs["accuracy"], epochs["elapsed_s"]),
        memory_bytes=summary.memory_bytes or None,
    )


def _accuracy(contender: Contender) -> str | None:
    figures = contender.figures
    return figure_text(figures.accuracy, figures.accuracy_half_width) if figures else None


def _paid(costs: Costs) -> dict[str, object]:
    return {
        "Parameters (M)": costs.parameters and round(costs.parameters / 1e6, 2),
        "GFLOP an image": costs.flops and round(costs.flops / 1e9, 2),
        "Forward (ms an image)": costs.latency_ms and round(costs.latency_ms, 2),
        "Training (images/s)": costs.images_per_s and round(costs.images_per_s),
        "Training time": duration(costs.training_s),
        "Time to target": duration(costs.to_target_s),
        "Peak memory": size(costs.memory_bytes) if costs.memory_bytes else None,
    }


def _measuring(missing: Sequence[RunEntry]) -> None:
    """Offer to measure what no run records: arithmetic and the time of a forward pass on this machine."""
    for text in st.session_state.pop(PROBLEMS, ()):
        st.error(plain(text))
    if not missing:
        return
    models = ", ".join(sorted({entry.config.model for entry in missing}))
    st.caption(f"Arithmetic and forward time of {plain(models)} have not been measured on this machine.")
    problems: list[str] | None = long_action(
        "compare-costs",
        label="Measure them",
        title="Measuring models",
        action=lambda report: _measure(missing, report),
        words=in_percent,
    )
    if problems is not None:
        st.session_state[PROBLEMS] = problems
        st.rerun()


def _measure(missing: Sequence[RunEntry], report: Report) -> list[str]:
    """Measure the network of each run; returns a sentence on each that could not be measured."""
    from rsdash.inference.client import profile  # brings httpx, which a page should not wait for

    problems = []
    for number, entry in enumerate(missing):
        report(number, len(missing))
        data = entry.request.data
        try:
            measured(_config(entry), len(data.classes), data.radiometry, measure=profile)
        except RsdashError as error:
            problems.append(f"{entry.name} could not be measured. {error}")
    return problems


def _profile(entry: RunEntry) -> Profile | None:
    data = entry.request.data
    return known(_config(entry), len(data.classes), data.radiometry)


def _config(entry: RunEntry) -> RunConfig:
    """Settings to measure with: where the weights came from changes no cost."""
    return entry.config.model_copy(update={"weights": "random"})
