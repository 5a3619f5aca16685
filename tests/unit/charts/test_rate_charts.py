"""Charts of learning rates: what they say in their titles, units on their axes, and what they leave out."""

from __future__ import annotations

from rsdash.charts import rate_schedule, rate_sweep


def test_a_sweep_says_its_finding_and_marks_it() -> None:
    figure = rate_sweep([1e-4, 1e-3, 1e-2, 1e-1], [2.3, 2.0, 1.5, 900.0], [2.3, 2.0, 1.6, 800.0], 0.001)
    layout = figure.to_dict()["layout"]
    assert layout["title"]["text"] == "The loss falls most steeply at a learning rate of 0.001"
    assert layout["xaxis"]["type"] == "log" and layout["xaxis"]["title"]["text"] == "learning rate"
    assert layout["yaxis"]["title"]["text"] == "training loss (nats)"
    assert layout["yaxis"]["range"][1] < 5  # the blow-up at the end leaves the picture
    assert [shape["x0"] for shape in layout["shapes"]] == [0.001]


def test_a_sweep_without_a_finding_marks_nothing() -> None:
    layout = rate_sweep([], [], [], None).to_dict()["layout"]
    assert layout["title"]["text"] == "No learning rate makes the loss fall"
    assert not layout.get("shapes")


def test_one_line_is_drawn_where_all_layers_learn_alike() -> None:
    alike = rate_schedule([0, 1], [0.1, 0.0], [0.1, 0.0], title="falls")
    assert [line["name"] for line in alike.to_dict()["data"]] == ["all layers"]
    apart = rate_schedule([0, 1], [0.1, 0.0], [0.3, 0.0], title="falls").to_dict()
    assert [line["name"] for line in apart["data"]] == ["last layer", "all other layers"]
    assert apart["layout"]["xaxis"]["title"]["text"] == "epoch"


def test_a_rate_that_jumps_is_drawn_with_upright_edges() -> None:
    for jumps, shape in ((True, "hv"), (False, "linear")):
        figure = rate_schedule([0, 1], [0.1, 0.01], [0.3, 0.03], title="falls", jumps=jumps).to_dict()
        assert [line["line"]["shape"] for line in figure["data"]] == [shape, shape]
