"""Charts of a run say what its log says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsdash.charts import (
    class_color,
    confusion_matrix,
    filter_mosaic,
    learning_curves,
    learning_rate,
    machine_use,
    probe_lines,
    probe_map,
    throughput,
)
from rsdash.charts.axes import along, binned, smoothed
from rsdash.runs.events import append_event
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.watched import Confusion
from tests.drawn import layout, traces

CLASSES = ("Forest", "Lake <b>", "Road")


def test_curves_run_along_epochs_steps_or_minutes(history: History) -> None:
    figures = {
        axis: learning_curves(history, epochs=5, measured_on="held-out", revision="r", axis=axis)
        for axis in ("epochs", "steps", "minutes")
    }
    ends = {axis: float(traces(figure)[0].x[-1]) for axis, figure in figures.items()}
    assert ends == {"epochs": 2.0, "steps": 20.0, "minutes": 2.0}
    assert layout(figures["steps"]).title.text.endswith(" on held-out images after epoch 2")
    assert [float(traces(figure)[1].x[-1]) for figure in figures.values()] == [2, 20, 2]
    assert layout(figures["epochs"]).xaxis.range == (0, 5)
    assert layout(figures["minutes"]).xaxis.range is None
    assert layout(figures["steps"]).xaxis2.title.text == "step"


def loss_log(log: Path, losses: list[float]) -> History:
    for epoch, loss in enumerate(losses, start=1):
        append_event(log, "step", step=epoch, epoch=epoch, loss=1.0, accuracy=0.5)
        append_event(log, "epoch", step=epoch, epoch=epoch, loss=loss, accuracy=0.5)
    return HistoryReader(log).refresh()


@pytest.mark.parametrize(
    ("losses", "top"),
    [
        ([2.7e11, 2.3, 1.5, 1.2], 1.05 * 2.3),
        ([6.9, 0.4, 0.05, 0.01, 0.01], None),  # a thousand classes, learnt at once
        ([2.3, 1.5, 1.2, 2.7e11], None),  # that is what is the case
        ([2.7e11], None),
        ([], None),
    ],
)
def test_an_early_outlier_does_not_press_all_other_losses_flat(
    tmp_path: Path, losses: list[float], top: float | None
) -> None:
    history = loss_log(tmp_path / "metrics.jsonl", losses)
    figure = learning_curves(history, epochs=9, measured_on="held-out", revision="r")
    assert layout(figure).yaxis2.range == (None if top is None else pytest.approx((0, top)))
    notes = [note.text for note in layout(figure).annotations]
    assert notes == ([] if top is None else ["up to 2.7e+11, above this picture"])
    drawn = [trace.y.max() for trace in traces(figure) if len(trace.y)]
    assert max(drawn, default=0) == pytest.approx(max(losses, default=0)), "zooming out shows all"


def test_smoothing_keeps_the_raw_line_faint_and_leaves_epochs_alone(history: History) -> None:
    figure = learning_curves(history, epochs=2, measured_on="held-out", revision="r", smoothing=0.9)
    smooth, epochs, *_, raw, _ = traces(figure)
    assert smooth.name == "accuracy, training" and raw.showlegend is False and raw.opacity < smooth.opacity
    assert np.allclose(raw.y, np.arange(1, 21) / 20)
    assert np.ptp(smooth.y) < np.ptp(raw.y)
    assert list(epochs.y) == pytest.approx([0.4, 0.4])


def test_smoothing_is_the_weighted_mean_of_what_came_before() -> None:
    values = np.array([4.0, 0.0, np.nan, 2.0])
    expected = [4.0, 4 * 0.5 / 1.5, np.nan, (4 * 0.25 + 2) / 1.75]
    assert smoothed(values, 0.5) == pytest.approx(expected, nan_ok=True)
    assert smoothed(values, 0.0) is values


def test_a_log_without_times_of_steps_lies_between_its_epochs(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    for step in (5, 10, 15, 20):
        append_event(log, "step", step=step, epoch=step / 10, loss=1.0)
    for epoch in (1, 2):
        append_event(log, "epoch", step=10 * epoch, epoch=epoch, elapsed_s=60.0 * epoch**2)
    history = HistoryReader(log).refresh()
    assert along(history, history.steps, "minutes").tolist() == [0.5, 1.0, 2.5, 4.0]


def test_bins_are_means_and_stay_while_rows_are_added() -> None:
    rows = np.arange(12.0)[:, None]
    assert binned(rows, most=12) is rows
    assert binned(rows, most=5)[:, 0].tolist() == [1.5, 5.5, 9.5]
    assert binned(np.array([[1.0], [np.nan], [np.nan], [np.nan]]), most=2)[:, 0].tolist()[0] == 1.0
    assert binned(rows[:11], most=5)[:2].tolist() == binned(rows, most=5)[:2].tolist()


def test_few_epochs_have_a_tick_each_and_none_between_them(history: History) -> None:
    charts = (
        probe_map(history.probes, CLASSES, revision="r"),
        probe_lines(history.probes, 0, CLASSES, revision="r"),
    )
    assert [layout(figure).xaxis.dtick for figure in charts] == [1, 1]
    many = history.probes.__class__(**{**vars(history.probes), "epoch": history.probes.epoch * 50})
    assert layout(probe_map(many, CLASSES, revision="r")).xaxis.dtick is None


def test_rate_and_throughput_say_their_latest_figures(history: History) -> None:
    rates = history.steps["learning_rate"]
    alike = learning_rate(history, rate=rates, head_rate=rates, axis="steps", revision="r")
    assert layout(alike).title.text == "Learning rate 0.005 at step 20"
    assert [trace.name for trace in traces(alike)] == ["all layers"]
    figure = throughput(history, axis="epochs", revision="r")
    data, compute = traces(figure)
    assert np.allclose(data.y, 10) and np.allclose(compute.y, 40)  # ms an image
    assert data.stackgroup == compute.stackgroup
    assert layout(figure).title.text.startswith("20 images/s of late; 20% of the time")


def test_the_rate_of_the_last_layer_has_a_line_where_it_differs(history: History) -> None:
    rates = history.steps["learning_rate"]
    frozen = np.where(history.steps["step"] <= 10, 0, rates)
    figure = learning_rate(history, rate=frozen, head_rate=5 * rates, axis="steps", revision="r")
    lines = {trace.name: trace for trace in traces(figure)}
    assert np.array_equal(lines["last layer"].y, 5 * rates)
    assert np.array_equal(lines["all other layers"].y, frozen)
    assert layout(figure).title.text == "Learning rate 0.005 (last layer 0.025) at step 20"


def test_the_machine_shows_what_could_be_read(history: History) -> None:
    figure = machine_use(history.machine, revision="r")
    assert [trace.name for trace in traces(figure)] == ["share in use: processor", "memory: worker"]
    assert np.allclose(traces(figure)[1].y, 2.0)
    assert layout(figure).title.text == "Processor 50% busy, worker's memory 2.0 GB"


def test_the_confusion_matrix_names_the_commonest_mistake(history: History) -> None:
    figure = confusion_matrix(history.confusions[0], CLASSES, revision="r")
    (cells,) = traces(figure)
    assert not layout(figure).xaxis.showgrid and not layout(figure).yaxis.showgrid
    none = np.nan  # shows the page
    assert np.allclose(cells.z, [[0.8, none, 0.2], [none, 1, none], [none, 0.5, 0.5]], equal_nan=True)
    assert cells.text[2].tolist() == ["", "5", "5"]
    assert layout(figure).title.text == "Epoch 1: 5 of 10 Road taken for Lake &lt;b&gt;"
    right = Confusion(1, 1, 2, np.array([[0, 0, 2]]))
    assert (
        layout(confusion_matrix(right, CLASSES, revision="r")).title.text == "Epoch 1: every image is right"
    )


def test_of_many_classes_the_commonest_mistakes_are_bars() -> None:
    names = [f"class {number}" for number in range(70)]
    counts = np.array([[n, n, 9] for n in range(70)] + [[n, 0, n] for n in range(1, 70)])
    (bars,) = traces(confusion_matrix(Confusion(1, 1, 900, counts), names, revision="r"))
    assert len(bars.x) == 25 and bars.x[0] == 69 and bars.y[0] == "class 69 → class 0"


def test_probe_charts_follow_the_true_class(history: History) -> None:
    figure = probe_map(history.probes, CLASSES, revision="r")
    assert np.allclose(traces(figure)[0].z, [[0.2, 0.4], [0.05, 0.05]])
    assert layout(figure).title.text == "1 of 2 probe tiles right after epoch 2"
    lines = probe_lines(history.probes, 1, CLASSES, revision="r")
    truth, other = traces(lines)
    assert truth.name == "Lake &lt;b&gt; (true)" and truth.line.color == class_color(1)
    assert truth.line.width > other.line.width and other.name == "Road"
    assert layout(lines).title.text == "Tile 2: Road at 90%, wrong"


def test_a_filters_zero_is_grey_and_its_largest_weight_white_or_black() -> None:
    filters = np.zeros((3, 3, 2, 2))
    filters[0, 0, 0, 0], filters[0, 1, 0, 0], filters[1, :, 1, 1] = 0.5, -0.25, -9
    mosaic = filter_mosaic(filters, columns=2)
    assert mosaic.shape == (5, 5, 4)
    assert mosaic[0, 0].tolist() == [255, 64, 128, 255]
    assert mosaic[1, 4].tolist() == [0, 0, 0, 255]
    assert mosaic[3, 0].tolist() == [128, 128, 128, 255]
    assert mosaic[2].any() == 0 and mosaic[3:, 3:].any() == 0, "gaps are transparent"
    assert filter_mosaic(filters[:, 0], columns=3, scale=4).shape == (8, 32, 4)
