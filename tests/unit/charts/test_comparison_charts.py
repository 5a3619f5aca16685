"""Charts that put runs side by side say what the numbers say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rsdash.charts import (
    Curve,
    CurveGroup,
    Priced,
    ReliabilityLine,
    SettingAxis,
    accuracy_against_cost,
    class_deltas,
    group_overlay,
    matrix_difference,
    matrix_map,
    on_the_front,
    overlay,
    parallel_settings,
    reliability_diagram,
    seed_spread,
    study_panels,
)
from rsdash.palette import BETTER_COLOR, UNCLEAR_COLOR, WORSE_COLOR

FIRST = np.array([[8, 2], [3, 7]])
SECOND = np.array([[6, 4], [1, 9]])


def trace(figure: Any, number: int) -> Any:
    return figure.data[number]


def curve(name: str, accuracy: list[float], minutes: float = 1.0) -> Curve:
    epochs = np.arange(1.0, len(accuracy) + 1)
    columns = {"accuracy": np.array(accuracy), "loss": 1 - np.array(accuracy)}
    columns |= {f"train_{name}": values for name, values in list(columns.items())}
    columns |= {"elapsed_s": 60 * minutes * epochs, "step": 10 * epochs}
    return Curve(name, epochs, columns, "held-out")


def test_a_matrix_is_coloured_by_the_share_of_its_true_class() -> None:
    figure = matrix_map(FIRST, ("Forest", "River"), title="a run")
    assert np.allclose(trace(figure, 0).z, [[0.8, 0.2], [0.3, 0.7]])
    cells = trace(figure, 1)
    told = dict(zip(zip(cells.y, cells.x, strict=True), cells.text, strict=True))
    assert told["River", "Forest"] == "3 (30%)"


def test_a_difference_is_green_where_the_first_is_right_more_often_or_errs_less() -> None:
    figure = matrix_difference(FIRST, SECOND, ("Forest", "River"), title="a less b")
    assert np.array_equal(trace(figure, 0).z, [[2, 2], [-2, -2]])
    assert trace(figure, 1).text[0] == "+2 answers"
    alike = matrix_difference(FIRST, FIRST, ("Forest", "River"), title="a less a")
    assert np.isnan(trace(alike, 0).z).all()  # shows the page


def test_class_deltas_are_sorted_and_say_how_many_are_clear() -> None:
    difference = np.array([0.3, -0.2, 0.01, np.nan])
    low, high = difference - 0.05, difference + 0.05
    figure: Any = class_deltas(
        ("A", "B", "C", "D"), difference, low, high, np.array([9, 8, 7, 0]), names=("x", "y")
    )
    bars = trace(figure, 0)
    assert [label[0] for label in bars.y] == ["B", "C", "A"]
    assert list(bars.marker.color) == [WORSE_COLOR, UNCLEAR_COLOR, BETTER_COLOR]
    assert "2 of 3 classes differ" in figure.layout.title.text


@pytest.mark.parametrize(("less_is_better", "names"), [(True, ["a", "c"]), (False, ["d", "c"])])
def test_the_front_holds_the_runs_that_none_beats_in_both(less_is_better: bool, names: list[str]) -> None:
    points = [
        Priced(name, cost, accuracy, None, 0)
        for name, cost, accuracy in (("a", 1, 0.6), ("b", 2, 0.5), ("c", 3, 0.9), ("d", 4, 0.7))
    ]
    front = on_the_front(points, less_is_better=less_is_better)
    assert [one.name for one in front] == names
    figure: Any = accuracy_against_cost(points, cost="time (min)", less_is_better=less_is_better)
    assert ", ".join(names) in figure.layout.title.text
    assert list(trace(figure, 0).y) == [one.accuracy for one in front]


@pytest.mark.parametrize(
    ("costs", "sides"),
    [
        ((1, 2, 9, 10), "right right left left"),
        ((1, 5, 30, 100), "right right left left"),
        ((4, 4), "right right"),
    ],
)
def test_names_of_runs_point_inwards_so_that_none_is_cut_off(costs: tuple[float, ...], sides: str) -> None:
    points = [Priced(f"run {place}", cost, 0.5, None, place) for place, cost in enumerate(costs)]
    figure: Any = accuracy_against_cost(points, cost="time (min)", less_is_better=True)
    assert [one.textposition for one in figure.data[1:]] == [f"middle {side}" for side in sides.split()]


def test_repeats_are_drawn_as_their_mean_with_a_band() -> None:
    group = CurveGroup("resnet18", [curve("a", [0.2, 0.4, 0.6], 1.0), curve("b", [0.4, 0.8], 3.0)])
    figure: Any = group_overlay([group], title="t")
    band, line, loss_band, loss = figure.data
    assert np.allclose(line.y, [0.3, 0.6])  # epochs that both have
    assert max(band.y) == 0.8 and min(band.y) == 0.2
    assert np.allclose(loss.y, [0.7, 0.4]) and max(loss_band.y) == 0.8
    assert [trace.showlegend for trace in figure.data] == [False, True, False, False]
    minutes = group_overlay([group], title="t", axis="minutes")
    assert np.allclose(trace(minutes, 1).x, [2.0, 4.0])


@pytest.mark.parametrize(("axis", "last"), [("epochs", 3), ("steps", 30), ("minutes", 6)])
def test_an_overlay_runs_along_the_axis_asked_for(axis: Any, last: float) -> None:
    figure = overlay([curve("a", [0.2, 0.4, 0.6], 2.0)], title="t", axis=axis)
    assert trace(figure, 1).x[-1] == last
    smooth = overlay([curve("a", [0.2, 0.4, 0.6])], title="t", smoothing=0.5)
    assert 0.2 < trace(smooth, 1).y[1] < 0.4


def test_an_early_outlier_leaves_the_losses_of_compared_runs_readable() -> None:
    ordinary, wild = curve("a", [0.1, 0.4, 0.6]), curve("b", [0.1, 0.3, 0.5])
    wild.values["loss"][0] = 2.7e11
    for figure in (
        overlay([ordinary, wild], title="t"),
        group_overlay([CurveGroup("g", [ordinary, wild])], title="t"),
    ):
        frame: Any = figure.layout
        assert frame.yaxis2.range[1] < 1 and "2.7e+11" in frame.annotations[0].text
    panels: Any = study_panels([ordinary, wild]).layout
    assert panels.yaxis2.range[1] < 3
    untouched: Any = overlay([ordinary], title="t").layout
    assert untouched.yaxis2.range is None and not untouched.annotations


def test_every_repeat_is_a_point_and_their_mean_a_line() -> None:
    figure: Any = seed_spread([("a", [0.5, 0.7]), ("b", [0.6, 0.6])])
    assert list(trace(figure, 0).x) == [0.5, 0.7]
    assert trace(figure, 1).x[0] == pytest.approx(0.6)
    assert "0.500 to 0.700" in figure.layout.title.text


def test_empty_bins_of_confidence_are_not_drawn() -> None:
    line = ReliabilityLine("a", np.array([0.2, np.nan]), np.array([0.1, np.nan]), np.array([5, 0]))
    figure = reliability_diagram([line], title="t")
    assert list(trace(figure, 1).x) == [0.2]


def test_settings_that_are_words_get_their_words_as_ticks() -> None:
    axes = [SettingAxis("optimizer", ["sgd", "adam", "sgd"]), SettingAxis("learning_rate", [0.1, 0.01, 0.1])]
    lines = trace(parallel_settings(axes, [0.5, 0.6, 0.7]), 0)
    words, rate, accuracy = lines.dimensions
    assert list(words.values) == [1, 0, 1] and list(words.ticktext) == ["adam", "sgd"]
    assert list(rate.values) == [0.1, 0.01, 0.1]
    assert list(accuracy.values) == [0.5, 0.6, 0.7]
