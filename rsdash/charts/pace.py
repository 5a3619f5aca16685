"""Learning rate, where the time goes, and what the machine does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.axes import AXIS_TITLES, Axis, along, binned, stacked
from rsdash.charts.rates import rate_axes, rate_lines
from rsdash.charts.style import MARGIN, framed
from rsdash.palette import GPU_COLOR, LEARNING_COLOR, PROCESSOR_COLOR, READYING_COLOR
from rsdash.runs.history import History
from rsdash.runs.thinning import thin

MOST_POINTS = 400
RECENT_ROWS = 20


def learning_rate(
    history: History, *, rate: np.ndarray, head_rate: np.ndarray, axis: Axis, revision: str
) -> go.Figure:
    """The rate of each logged step.

    Args:
        history: at least one logged step.
        rate: of all layers but the last, float64 of shape (n,); 0 while they are frozen.
        head_rate: of the last layer, the same; drawn where it differs.
        axis: what it runs along.
        revision: zoom stays as long as this does.
    """
    x = along(history, history.steps, axis)
    lines = rate_lines(thin(x, rate), thin(x, head_rate))
    apart = len(lines) > 1
    title = f"Learning rate {rate_in_words(rate[-1], head_rate[-1])} at step {history.steps['step'][-1]:,.0f}"
    return framed(
        lines,
        {**rate_axes(AXIS_TITLES[axis]), "margin": MARGIN | {"b": 80 if apart else 50}},
        height=280 if apart else 250,
        title=title,
        revision=revision,
    )


def rate_in_words(rate: float, head_rate: float) -> str:
    """`0.002`, or `0 (last layer 0.01)`."""
    return f"{rate:.2g}" + ("" if rate == head_rate else f" (last layer {head_rate:.2g})")


def throughput(history: History, *, axis: Axis, revision: str) -> go.Figure:
    """Milliseconds an image, as the part in which it is got ready and the part in which it is learnt from.

    Args:
        history: at least one logged step with its times.
        axis: what it runs along.
        revision: zoom stays as long as this does.
    """
    steps = history.steps
    timed = steps["seconds"] > 0
    per_image = 1000 / steps["images"][timed]
    data = steps["data_s"][timed] * per_image
    compute = steps["seconds"][timed] * per_image - data
    x = along(history, steps, axis)[timed]
    table = binned(np.stack([x, data, compute], axis=1), most=MOST_POINTS)
    parts = (("getting images ready", 1, READYING_COLOR), ("learning from them", 2, LEARNING_COLOR))
    areas = [
        go.Scatter(
            x=table[:, 0],
            y=table[:, place],
            name=name,
            mode="lines",
            stackgroup="time",
            line={"width": 0.5, "color": color},
        )
        for name, place, color in parts
    ]
    axes = {
        "xaxis": {"title": AXIS_TITLES[axis], "rangemode": "tozero"},
        "yaxis": {"title": "ms an image", "rangemode": "tozero"},
    }
    recent = slice(-RECENT_ROWS, None)
    images, seconds, data_s = (steps[name][timed][recent].sum() for name in ("images", "seconds", "data_s"))
    speed, share = images / seconds, data_s / seconds
    title = f"{speed:,.0f} images/s of late; {share:.0%} of the time goes into getting images ready"
    return framed(areas, axes, height=340, title=title, revision=revision)


def machine_use(machine: Mapping[str, np.ndarray], *, revision: str) -> go.Figure:
    """Shares of processor and GPU in use, memory, and temperatures where they can be read.

    Args:
        machine: `History.machine`, at least one row.
        revision: zoom stays as long as this does.
    """
    names = ("cpu", "gpu", "memory", "gpu_memory", "cpu_c", "gpu_c")
    minutes = (machine["at"] - machine["at"][0]) / 60
    table = binned(np.stack([minutes, *(machine[name] for name in names)], axis=1), most=MOST_POINTS)
    values: dict[str, np.ndarray] = dict(zip(names, table.T[1:], strict=True))
    warm = any(not np.isnan(values[name]).all() for name in ("cpu_c", "gpu_c"))
    panels = (
        ("share in use", (("cpu", "processor", 1.0), ("gpu", "GPU", 1.0))),
        ("memory (GB)", (("memory", "worker", 1e-9), ("gpu_memory", "GPU, all programs", 1e-9))),
        ("°C", (("cpu_c", "processor", 1.0), ("gpu_c", "GPU", 1.0))),
    )[: 3 if warm else 2]
    drawn, vertical = [], []
    for place, (title, lines) in enumerate(panels, start=1):
        for name, words, factor in lines:
            if not np.isnan(values[name]).all():
                color = GPU_COLOR if name.startswith("gpu") else PROCESSOR_COLOR
                drawn.append(
                    go.Scatter(
                        x=table[:, 0],
                        y=values[name] * factor,
                        name=f"{title.removesuffix(' (GB)')}: {words}",
                        mode="lines+markers",
                        line={"color": color, "width": 2},
                        xaxis=f"x{place}",
                        yaxis=f"y{place}",
                    )
                )
        vertical.append({"title": title, "rangemode": "tozero"})
    vertical[0] |= {"range": [0, 1.02], "tickformat": ".0%"}
    axes = stacked(vertical, {"title": "minutes since the first look, pauses included"}, gap=0.07)
    height = 200 + 150 * len(panels)
    return framed(drawn, axes, height=height, title=_machine_title(machine), revision=revision)


def _machine_title(machine: Mapping[str, np.ndarray]) -> str:
    recent = {name: values[-RECENT_ROWS:] for name, values in machine.items()}
    memory = f"worker's memory {recent['memory'][-1] / 1e9:.1f} GB"
    text = f"Processor {np.nanmean(recent['cpu']):.0%} busy, {memory}"
    if not np.isnan(recent["gpu"]).all():
        text += f"; GPU {np.nanmean(recent['gpu']):.0%} busy"
    return text
