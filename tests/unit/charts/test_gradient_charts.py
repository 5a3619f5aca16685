"""How gradients are drawn, layer by layer and over the epochs, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.charts import NamedLayers, gradient_map, gradient_maps, update_ratios
from rsdash.evaluation.gradients import Flow, compared_flows, flow_in_words, flow_of
from rsdash.runs.history import History
from tests.drawn import layout, traces


def test_the_gradient_map_has_the_first_layer_on_top_and_decades_as_colours(history: History) -> None:
    figure = gradient_map(history.layers, revision="r")
    (cells,) = traces(figure)
    assert tuple(cells.y) == ("stem", "block", "head") and layout(figure).yaxis.autorange == "reversed"
    assert np.allclose(cells.z[0], np.log10(0.01 * np.arange(1, 21)))
    assert np.isnan(cells.z[1]).all()
    assert layout(figure).coloraxis.cmin == pytest.approx(-2)
    assert list(layout(figure).coloraxis.colorbar.ticktext) == ["0.01", "0.1", "1", "10"]
    assert "the first has 0.01 times the last's" in layout(figure).title.text


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.03, 0.9, ["0.05", "0.1", "0.2", "0.5"]),
        (0.21, 0.67, ["0.3", "0.5"]),
        (2e-4, 0.6, ["0.001", "0.01", "0.1"]),
    ],
)
def test_colours_of_a_narrow_range_of_gradients_can_be_read(
    history: History, low: float, high: float, ticks: list[str]
) -> None:
    norms = np.geomspace(low, high, history.layers.norms.size).reshape(history.layers.norms.shape)
    layers = history.layers.__class__(**{**vars(history.layers), "norms": norms})
    bar = layout(gradient_map(layers, revision="r")).coloraxis.colorbar
    assert list(bar.ticktext) == ticks
    assert 10 ** np.array(bar.tickvals) == pytest.approx([float(text) for text in ticks])


def test_maps_side_by_side_share_their_colours(history: History) -> None:
    louder = history.layers.__class__(**{**vars(history.layers), "norms": history.layers.norms * 1000})
    figure = gradient_maps([NamedLayers("a <i>", history.layers), NamedLayers("b", louder)])
    assert {trace.coloraxis for trace in traces(figure)} == {"coloraxis"}
    axis = layout(figure).coloraxis
    assert (axis.cmin, axis.cmax) == (pytest.approx(-2), pytest.approx(np.log10(20_000)))
    assert [text.text for text in layout(figure).annotations] == ["a &lt;i&gt;", "b"]


def test_long_runs_are_binned_by_the_geometric_mean(history: History) -> None:
    layers = history.layers
    many = layers.__class__(
        **{
            **vars(layers),
            "step": np.arange(4000.0),
            "epoch": np.arange(4000.0) / 8,
            "norms": np.tile([[1.0, 1.0, 1.0], [100.0, 1.0, 1.0]], (2000, 1)),
            "ratios": np.full((4000, 3), 1e-3),
        }
    )
    (cells,) = traces(gradient_map(many, revision="r"))
    assert len(cells.x) <= 200
    assert np.allclose(cells.z[0], 1.0)


def test_update_ratios_show_first_last_and_the_rule_of_thumb(history: History) -> None:
    figure = update_ratios(history.layers, revision="r")
    assert [trace.name for trace in traces(figure)] == ["all layers", "first: stem", "last: head"]
    assert np.allclose(traces(figure)[1].y, 1e-4) and np.allclose(traces(figure)[2].y, 1e-2)
    assert layout(figure).shapes[0].y0 == 1e-3 and layout(figure).yaxis.type == "log"
    assert "CS231n" in layout(figure).annotations[0].text
    assert layout(figure).annotations[0].y == -3


def test_update_ratios_of_steps_that_changed_nothing_are_empty(history: History) -> None:
    still = history.layers.__class__(**{**vars(history.layers), "ratios": np.zeros((20, 3))})
    assert [len(trace.x) for trace in traces(update_ratios(still, revision="r"))] == [0, 0]


def test_flows_are_ratios_of_the_first_norm_to_the_last() -> None:
    norms = np.array([[0.1, 5, 1.0], [0.2, 5, 1.0], [np.nan, 5, 1.0], [1.0, 5, 0.0]])
    flow = flow_of(norms)
    assert flow and flow.median == pytest.approx(0.15) and flow.steps == 2
    assert flow_of(norms[2:]) is None and flow_of(norms[:, :1]) is None
    assert flow_of(np.empty((0, 0))) is None


@pytest.mark.parametrize(
    ("median", "words"), [(0.01, "vanishing gradients"), (1.0, "no sign"), (50.0, "exploding gradients")]
)
def test_a_flow_is_judged_by_its_order_of_magnitude(median: float, words: str) -> None:
    text = flow_in_words(Flow(median, median / 2, median * 2, 12))
    assert words in text and "80% of them" in text
    assert "80%" not in flow_in_words(Flow(median, median, median, 3))


def test_two_flows_are_compared_as_far_as_their_spread_allows() -> None:
    with_skips, without = Flow(1.0, 0.5, 2.0, 40), Flow(0.01, 0.005, 0.02, 40)
    sentence = compared_flows(("plain", "skips"), (without, with_skips))
    assert "1e+02 times as large in skips as in plain." in sentence or "100 times" in sentence
    close = compared_flows(("a", "b"), (Flow(1.0, 0.5, 2.0, 40), Flow(0.9, 0.4, 1.9, 40)))
    assert close.endswith("vary by more than that.")
    assert "no gradient" in compared_flows(("a", "b"), (Flow(1.0, 1, 1, 40), Flow(0.0, 0, 0, 40)))
