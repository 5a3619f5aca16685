"""The Run page's curves and looks inside, and the Compare page's gradients, as a session runs them."""

from __future__ import annotations

import base64
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
from rsdash.jobs.devices import Slot
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import Listing
from rsdash.runs.states import RunState
from rsdash.ui.filter_view import ALL_BANDS, COLOURS, band_choices
from rsdash.ui.live_chart import drawing_of
from rsdash.ui.queue_list import place_in_words
from tests.app.opening import leave_and_return, open_page
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


def log_epochs(folder: RunFolder, epochs: range, *, first_norm: float = 0.5) -> None:
    for epoch in epochs:
        step = 10 * epoch
        times = {"elapsed_s": 5.0 * epoch, "images": 16, "seconds": 2.0, "data_s": 0.5}
        row = {"loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1}
        folder.log_event("step", step=step, epoch=epoch, **row, **times)
        norms, ratios = [first_norm, 1.0], [1e-3, 1e-3]
        folder.log_event("gradients", step=step, epoch=epoch, norms=norms, ratios=ratios)
        folder.log_event("machine", step=step, cpu=0.5, memory=10**9)
        figures = {"train_loss": 0.5, "train_accuracy": 0.5, "loss": 0.7, "accuracy": 0.4}
        folder.log_event("epoch", step=step, epoch=epoch, elapsed_s=5.0 * epoch, **figures)
        folder.log_event("confusion", step=step, epoch=epoch, images=9, counts=[[0, 1, epoch], [1, 1, 5]])
        folder.log_event("probe", step=step, epoch=epoch, answers=[[[0, 0.75], [1, 0.25]]])


def watched_run(
    runs_dir: Path, *, name: str = "mine", epochs: int = 3, first_norm: float = 0.5, **settings: float
) -> RunFolder:
    folder = make_run(runs_dir, name=name, state=RunState.RUNNING, **settings)
    folder.log_event("layers", names=["conv1", "head"], sizes=[10, 20])
    folder.log_event("probes", names=["Forest/00.png"], labels=[0], rows=[3])
    log_epochs(folder, range(1, epochs + 1), first_norm=first_norm)
    weights = np.random.default_rng(0).normal(size=(6, 3, 5, 5)).astype(np.float16)
    np.savez(folder.filters_path, initial=weights, latest=weights + 1, step=np.array(30))
    return folder


def plain_text(markdown: str) -> str:
    return markdown.replace("\\", "")


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
    kinds = [kind for _, _, kind in shared.server()._payloads]
    assert "learning curves minutes 0.6 15" in kinds and "learning rate minutes" in kinds


def test_a_drawing_is_made_once_for_all_who_watch(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        "rsdash.ui.run_curves.drawing_of", lambda figure: made.append("") or drawing_of(figure)
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
    assert json.loads(drawing.content)["data"][0]["y"] == [3, 4]
    assert "template" not in json.loads(drawing.content)["layout"]
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


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.STOPPED])
def test_a_run_without_a_checkpoint_says_why_it_cannot_be_extended(runs_dir: Path, state: RunState) -> None:
    folder = make_run(runs_dir, state=state)
    app = open_page("run", run=folder.id)
    button = app.button(key="extend")
    assert button.disabled and "Keep its checkpoint" in button.help
    folder.write_state(checkpoint_step=7)
    app.run()
    assert not app.exception
    assert not [one for one in app.button if one.key == "extend"]


def test_a_refused_change_stays_told_until_the_next_one(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    app = open_page("run", run=folder.id)
    app.session_state["change"] = True
    app.run()
    app.text_input(key=f"new-rate-{folder.id}").set_value("fast")
    app.button("apply-change").click().run()
    for _ in range(3):
        assert ["got fast" in plain_text(error.value) for error in app.error] == [True]
        app.run()  # as at each tick
    app.text_input(key=f"new-rate-{folder.id}").set_value("0.25")
    app.button("apply-change").click().run()
    assert not app.error and not app.exception
    assert "set_lr" in folder.commands_path.read_text()


def test_a_run_that_goes_on_from_before_its_latest_epoch_says_so(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.INTERRUPTED, epochs=30)
    reached = folder.state().summary.model_copy(update={"epoch": 15, "step": 157, "steps": 300})
    folder.write_state(checkpoint_step=139, summary=reached)
    app = open_page("run", run=folder.id)
    assert any("goes on from epoch 13.9" in caption.value for caption in app.caption)
    folder.write_state(checkpoint_step=157)
    app.run()
    assert not any("goes on from" in caption.value for caption in app.caption)


def queued_words(app: AppTest) -> list[str]:
    captions = (plain_text(caption.value) for caption in app.caption)
    return [caption for caption in captions if "in the queue" in caption]


def test_a_waiting_run_says_its_place_and_what_it_waits_for(runs_dir: Path) -> None:
    for name in ("first", "second"):
        make_run(runs_dir, name=name)
    folder = make_run(runs_dir, name="third")
    app = open_page("run", run=folder.id)
    assert queued_words(app) == ["Place 3 of 3 in the queue."]
    make_run(runs_dir, name="elsewhere", state=RunState.RUNNING, device="cuda")
    busy = make_run(runs_dir, name="busy", state=RunState.RUNNING)
    busy.write_state(slot="cpu")
    app.run()
    assert queued_words(app) == ["Place 3 of 3 in the queue. Waits for the CPU, in use by busy."]
    folder.write_state(state=RunState.CANCELLED)
    app.run()
    assert queued_words(app) == []


def test_a_run_that_could_take_several_devices_waits_for_one_of_them(runs_dir: Path) -> None:
    slots = (Slot("GPU-1", "H100", 1), Slot("GPU-2", "H100", 1), Slot("cpu", "CPU, 2 cores", 1))
    for number in (1, 2):
        folder = make_run(runs_dir, name=f"r{number}", state=RunState.RUNNING, device="cuda")
        folder.write_state(slot=f"GPU-{number}")
    any_gpu, second = make_run(runs_dir, device="cuda"), make_run(runs_dir, device="cuda:1")
    listing = shared.server().index.refresh()
    words = place_in_words(listing.find(any_gpu.id), listing.entries, slots)
    assert words == "Place 1 of 2 in the queue. Waits for one of 2 GPUs, in use by r2, r1."
    words = place_in_words(listing.find(second.id), listing.entries, slots)
    assert words == "Place 2 of 2 in the queue. Waits for the H100, in use by r2."


def told(app: AppTest) -> tuple[list[str], str]:
    """The warnings, and all that is folded away as earlier alerts."""
    folded = [one for one in app.expander if one.label.startswith("Earlier alerts")]
    texts = [plain_text(text.value) for one in folded for text in one.markdown]
    return [plain_text(warning.value) for warning in app.warning], "".join(texts)


def test_alerts_that_no_longer_hold_are_folded_away(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    folder.log_event("alert", code="plateau", message="Still in epoch 2.", step=20)
    app = open_page("run", run=folder.id)
    assert told(app) == (["Still in epoch 2."], "")
    folder.log_event("relief", code="plateau", step=30, epoch=3)
    app.run()
    assert told(app) == ([], "- Still in epoch 2.")
    assert not any("No longer" in caption.value for caption in app.caption)


def test_an_early_end_is_told_only_while_the_run_has_ended(runs_dir: Path) -> None:
    folder = watched_run(runs_dir)
    folder.log_event("alert", code="early-end", message="Ended after epoch 3.")
    for state in (RunState.EVALUATING, RunState.FINISHED):
        folder.write_state(state=state)
        assert told(open_page("run", run=folder.id)) == (["Ended after epoch 3."], "")
    for state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING):  # extended
        folder.write_state(state=state)
        assert told(open_page("run", run=folder.id)) == ([], "- Ended after epoch 3.")


def test_a_loss_that_is_no_number_is_told_once(runs_dir: Path) -> None:
    folder, message = watched_run(runs_dir), "The training loss is no longer a number at step 7."
    folder.log_event("alert", code="nan", message=message)
    folder.write_state(state=RunState.FAILED, message=message)
    app = open_page("run", run=folder.id)
    everything = [*app.error, *app.warning, *app.caption]
    assert [plain_text(one.value).count(message) for one in everything].count(1) == 1
    assert plain_text(app.error[0].value) == message
    folder.write_state(state=RunState.QUEUED, message="")
    app.run()
    assert not app.warning and any(message in plain_text(one.value) for one in app.caption)


def test_the_rate_chart_shows_what_acts_on_each_layer(runs_dir: Path) -> None:
    folder = watched_run(runs_dir, frozen_epochs=2, head_rate_factor=5.0)  # logs a rate of 0.1
    open_page("run", run=folder.id)
    payloads = shared.server()._payloads.items()
    [drawn] = [drawing for (_, _, kind), drawing in payloads if kind == "learning rate epochs"]
    lines = {line["name"]: numbers(line["y"]) for line in json.loads(drawn.content)["data"]}
    assert lines == {"last layer": [0.5] * 3, "all other layers": [0.0, 0.0, 0.1]}


def numbers(sent: dict[str, str]) -> list[float]:
    """Values as Plotly sends them to a browser."""
    return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).tolist()
