"""The Run page's curves and looks inside, and the Compare page's gradients, as a session runs them."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import RGB8, make_radiometry
from rsdash.runs.index import Listing
from rsdash.runs.states import RunState
from rsdash.ui.filter_view import ALL_BANDS, COLOURS, band_choices
from rsdash.ui.live_chart import drawing_of
from tests.app.opening import leave_and_return, open_page
from tests.app.training import log_epochs, watched_run
from tests.tiny import make_run

LOOKS = {
    "Learning rate": ["rate"],
    "Gradients": ["gradients", "ratios"],
    "Confusion": ["confusion"],
    "Probe tiles": ["probes", "probe-lines"],
    "Filters": [],
    "Machine": ["throughput", "machine"],
}


@pytest.fixture(autouse=True)
def history_is_read_at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsdash.ui.run_curves.HISTORY_AGE_S", 0.0)


def charts(app: AppTest, run_id: str) -> list[str]:
    """Keys of the live charts, without the run's id."""
    ids = [element.proto.id for element in app.get("bidi_component")]
    return [text.split(f"-{run_id}")[0].rsplit("-user_key-")[-1].split("$$")[-1] for text in ids]


@pytest.mark.parametrize("look", LOOKS)
def test_only_the_chosen_look_is_sent_beside_the_curves(runs_dir: Path, look: str) -> None:
    folder = watched_run(runs_dir)
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value(look).run()
    assert not app.exception
    found = charts(app, folder.id)
    assert len(found) == 1 + len(LOOKS[look]), found
    assert len(app.get("image")) == (3 if look == "Filters" else 0)


@pytest.mark.parametrize("look", LOOKS)
def test_a_run_that_has_recorded_nothing_says_so(runs_dir: Path, look: str) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value(look).run()
    assert not app.exception
    assert len(app.get("bidi_component")) == 1
    assert any(" no " in text.value or "No " in text.value for text in app.caption)


def test_the_epoch_of_the_confusion_follows_the_latest_until_it_is_moved(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value("Confusion").run()
    assert app.select_slider("confusion-epoch").value == 3
    log_epochs(folder, range(4, 5))
    assert app.run().select_slider("confusion-epoch").value == 4
    app.select_slider("confusion-epoch").set_value(2).run()
    log_epochs(folder, range(5, 6))
    assert app.run().select_slider("confusion-epoch").value == 2
    assert not app.exception


def test_axis_and_smoothing_of_the_curves_can_be_chosen(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    app = open_page("run", run=folder.id)
    app.segmented_control("curve-axis").set_value("minutes").run()
    app.slider("curve-smoothing").set_value(0.6).run()
    assert not app.exception
    kinds = [kind for _, kind in shared.server()._payloads]
    assert "learning curves minutes 0.6 15" in kinds and "learning rate minutes" in kinds


def test_a_drawing_is_made_once_for_all_who_watch(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        "rsdash.ui.run_curves.drawing_of",
        lambda figure, before: made.append("") or drawing_of(figure, before),
    )
    folder = watched_run(runs_dir)
    first = open_page("run", run=folder.id)
    count = len(made)
    open_page("run", run=folder.id)
    first.run()
    assert len(made) == count == 2  # curves and learning rate
    folder.log_event("machine", step=30, cpu=0.5, memory=1)
    first.run()
    assert len(made) == count, "a row that neither chart shows draws neither anew"
    log_epochs(folder, range(4, 5))
    first.run()
    assert len(made) == 2 * count


def test_those_who_watch_share_a_look_at_the_log(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("rsdash.ui.server.time.monotonic", lambda: now[0])
    folder = watched_run(runs_dir)
    server = shared.server()
    before = server.history(folder, age_s=2.0)
    log_epochs(folder, range(4, 5))
    now[0] = 101.9
    assert server.history(folder, age_s=2.0) is before
    assert len(server.history(folder).epochs["step"]) == 4, "who wants it fresh gets it fresh"
    log_epochs(folder, range(5, 6))
    now[0] = 104.0
    assert len(server.history(folder, age_s=2.0).epochs["step"]) == 5


def test_a_drawing_leaves_plotlys_own_template_out() -> None:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4])).update_layout(height=300)
    drawing = drawing_of(figure)
    assert drawing.height == 300
    assert json.loads(drawing.whole)["data"][0]["y"] == [3, 4]
    assert "template" not in json.loads(drawing.whole)["layout"]
    assert figure.to_dict()["layout"]["template"], "the figure itself stays as it was"


def test_a_run_that_another_tab_deletes_is_said_to_be_gone(runs_dir: Path, monkeypatch) -> None:
    folder = watched_run(runs_dir)
    left = make_run(runs_dir, name="left", state=RunState.FINISHED)
    app = open_page("run", run=folder.id)
    looked = itertools.count()

    def listing(server: shared.Server) -> Listing:
        if next(looked) == 1:  # after the page's own look, before that of its live part
            shutil.rmtree(folder.path)
        return server.index.refresh()

    monkeypatch.setattr(shared.Server, "listing", listing)
    app.run()
    assert not app.exception
    assert any(f"no run {folder.id}" in warning.value.replace("\\", "") for warning in app.warning)
    assert app.query_params["run"] == left.id


def test_the_back_button_brings_the_run_before(runs_dir: Path) -> None:
    first, second = (make_run(runs_dir, name=name, state=RunState.FINISHED) for name in ("a", "b"))
    app = open_page("run", run=first.id)
    app.selectbox(key="run").set_value(second.id).run()
    assert app.query_params["run"] == second.id
    app.query_params["run"] = first.id
    app.run()
    assert app.selectbox(key="run").value == first.id and app.query_params["run"] == first.id
    app.selectbox(key="run").set_value(second.id).run()
    assert app.query_params["run"] == second.id


def test_the_chosen_run_stays_chosen_while_other_pages_are_looked_at(runs_dir: Path) -> None:
    first, _ = (make_run(runs_dir, name=name, state=RunState.FINISHED) for name in ("a", "b"))
    app = open_page("run")
    app.selectbox(key="run").set_value(first.id).run()
    leave_and_return(app, "run")
    assert app.selectbox(key="run").value == first.id and app.query_params["run"] == first.id


def test_damaged_filters_are_one_sentence(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    folder.filters_path.write_bytes(b"PK no archive")
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value("Filters").run()
    assert not app.exception
    assert "damaged" in app.warning[0].value


@pytest.mark.parametrize("steps", [700, 1400])
def test_filters_of_training_that_was_dropped_are_not_shown_as_those_of_the_run(
    runs_dir: Path, steps: int
) -> None:
    folder = make_run(runs_dir, state=RunState.FINISHED)
    folder.write_state(summary=folder.state().summary.model_copy(update={"step": steps}))
    filters = np.ones((4, 3, 3, 3), np.float16)
    np.savez(folder.filters_path, initial=filters, latest=2 * filters, step=np.array(1400))
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value("Filters").run()
    assert not app.exception
    titles = [text.value for text in app.markdown if text.value in ("**At first**", "**After step 1,400**")]
    assert titles == (["**At first**"] if steps == 700 else ["**At first**", "**After step 1,400**"])
    assert any("training that was dropped" in text.value for text in app.caption) is (steps == 700)


@pytest.mark.parametrize(
    ("radiometry", "bands", "expected"),
    [
        (RGB8, 3, {COLOURS: (0, 1, 2)}),
        (
            make_radiometry("sentinel2", "B02,B03,B04,B08"),
            4,
            {COLOURS: (2, 1, 0), ALL_BANDS: (0, 1, 2, 3), "B02": (0,), "B08": (3,)},
        ),
    ],
)
def test_filters_of_many_bands_can_be_seen_in_colours_and_one_by_one(radiometry, bands, expected) -> None:
    choices = band_choices(radiometry, bands)
    assert choices.items() >= expected.items()
    assert len(choices) == (1 if bands == 3 else 2 + bands)


def test_gradients_of_two_runs_are_set_side_by_side_with_a_sentence(runs_dir: Path) -> None:
    left = watched_run(runs_dir, name="with skips")
    right = watched_run(runs_dir, name="without", first_norm=0.005)
    older = make_run(runs_dir, name="older", state=RunState.RUNNING)
    app = open_page("compare", runs=[left.id, right.id, older.id])
    app.segmented_control(key="look").set_value("Gradients").run()
    assert not app.exception
    texts = [text.value.replace("\\", "") for text in app.markdown]
    assert any("**with skips**: the first layer's gradient is 0.5 times" in text for text in texts)
    assert any("0.005 times" in text and "fades" in text for text in texts)
    assert any("1e+02 times as large in with skips as in without" in text for text in texts)
    (maps,) = [c for c in app.get("plotly_chart") if c.proto.id.endswith("gradient-maps")]
    titles = [note["text"] for note in json.loads(maps.proto.spec)["layout"]["annotations"]]
    assert titles == ["with skips", "without"]


def test_the_rate_chart_shows_what_acts_on_each_layer(runs_dir: Path) -> None:
    folder = watched_run(runs_dir, frozen_epochs=2, head_rate_factor=5.0)  # logs a rate of 0.1
    open_page("run", run=folder.id)
    payloads = shared.server()._payloads.items()
    [drawn] = [drawing for (_, kind), (_, drawing) in payloads if kind == "learning rate epochs"]
    lines = {line["name"]: line["y"] for line in json.loads(drawn.whole)["data"]}
    assert lines == {"last layer": [0.5] * 3, "all other layers": [0.0, 0.0, 0.1]}
