"""What the Run page says of a run's state, figures and alerts, and what it lets a person do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.errors import StorageError
from rsdash.jobs.devices import Slot
from rsdash.jobs.unattended import carry_out
from rsdash.runs.commands import read_commands
from rsdash.runs.extension import way_back
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.ui.queue_list import place_in_words
from tests.app.opening import open_page, opened
from tests.app.training import watched_run
from tests.tiny import make_run


@pytest.fixture(autouse=True)
def history_is_read_at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsdash.ui.run_curves.HISTORY_AGE_S", 0.0)


def plain_text(markdown: str) -> str:
    return markdown.replace("\\", "")


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


def goes_on(runs_dir: Path, state: RunState) -> RunFolder:
    """A run that was evaluated after 3 of 20 epochs and goes on."""
    folder = make_run(runs_dir, state=RunState.FINISHED, epochs=20)
    summary = folder.state().summary.model_copy(update={"epoch": 3, "step": 30, "steps": 200})
    finished = folder.write_state(summary=summary, checkpoint_step=30)
    folder.write_state(state=RunState.QUEUED, before=way_back(folder, finished))
    if state is not RunState.QUEUED:
        folder.write_state(state=RunState.STARTING)
        folder.write_state(state=state)
    return folder


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.FAILED])
def test_a_run_that_goes_on_can_be_brought_back_to_its_figures(runs_dir: Path, state: RunState) -> None:
    folder = goes_on(runs_dir, state)
    app = open_page("run", run=folder.id)
    assert "cancel" not in {button.key for button in app.button}, "its figures are not given up"
    app.button("back-to-epoch-3").click().run()
    assert not app.exception
    assert [command.action.value for command in read_commands(folder.commands_path, 0)] == ["cancel"]
    assert carry_out(folder, front=0.0)
    app = open_page("run", run=folder.id)
    assert {"compare", "predict"} <= {Path(link.proto.page).stem for link in app.get("page_link")}


def test_a_run_that_ended_early_is_extended_to_the_length_it_was_asked_for(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.requests._require_same_data", lambda entry: None)  # it has no images
    folder = make_run(runs_dir, state=RunState.FINISHED, epochs=20)
    summary = folder.state().summary.model_copy(update={"epoch": 3, "step": 30, "steps": 200})
    folder.write_state(summary=summary, checkpoint_step=30)
    app = open_page("run", run=folder.id)
    app.session_state["change"] = True
    app.run()
    app.button("apply-change").click().run()
    assert not app.error and not app.exception
    [command] = read_commands(folder.commands_path, 0)
    assert (command.action.value, command.value) == ("set_epochs", 20)


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


@pytest.mark.parametrize(
    ("state", "role", "images", "label"),
    [
        (RunState.RUNNING, "validation, used to choose", 60, ", 60 validation images (used to choose)"),
        (RunState.FINISHED, "held-out", 60, ", 60 held-out images"),
        (RunState.RUNNING, "held-out", 0, ""),
    ],
)
def test_an_accuracy_says_on_which_images_and_how_sure_it_is(
    runs_dir: Path, state: RunState, role: str, images: int, label: str
) -> None:
    folder = make_run(runs_dir, state=state)
    figures = {"accuracy": 32 / 60, "loss": 2.7e11, "role": role, "images": images}
    folder.write_state(summary=folder.state().summary.model_copy(update=figures))
    accuracy, loss, *_ = open_page("run", run=folder.id).metric
    assert accuracy.label == f"Accuracy{label}"
    assert accuracy.value == ("0.53 ± 0.12" if images else "0.5333")
    assert loss.value == "2.7e+11"
    assert ("The final figure, of" in accuracy.help) == (state is RunState.FINISHED)


def test_images_that_depend_on_each_other_have_no_interval_here(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.FINISHED)
    parts = json.loads(folder.split_path.read_text())
    folder.split_path.write_text(json.dumps({**parts, "test_groups": [0]}))
    figures = {"accuracy": 0.5, "loss": 1.0, "role": "held-out", "images": 60}
    folder.write_state(summary=folder.state().summary.model_copy(update=figures))
    accuracy, *_ = open_page("run", run=folder.id).metric
    assert accuracy.value == "0.5000" and "groups" in accuracy.help


def test_what_cannot_be_written_or_read_about_a_run_is_one_sentence(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise StorageError("The disk of the runs is full.")

    folder = make_run(runs_dir, state=RunState.FINISHED)
    (folder.path / "environment.json").write_text("{")
    app = opened(open_page("run", run=folder.id), "open-log")
    assert any("environment.json is damaged" in plain_text(text.value) for text in app.warning)
    monkeypatch.setattr("rsdash.runs.folder.write_text", full)
    app.button(key="save-about").click().run()
    assert not app.exception
    assert [plain_text(error.value) for error in app.error] == ["The disk of the runs is full."]
