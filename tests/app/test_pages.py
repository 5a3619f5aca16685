"""Each page as a session runs it, without a browser."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import rsdash.ui.server as shared
from rsdash.data import add_dataset
from rsdash.runs.commands import read_commands
from rsdash.runs.states import RunState
from tests.app.opening import open_page, own_runs
from tests.app.ticking import tick
from tests.tiny import make_run, wait_for

PAGES = ("overview", "data", "train", "run", "compare", "predict", "scenes")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_on_empty_folders(name: str) -> None:
    open_page(name)


def test_a_long_queue_hides_no_run_that_is_under_way(runs_dir: Path) -> None:
    make_run(runs_dir, name="done", state=RunState.FINISHED)
    make_run(runs_dir, name="at work", state=RunState.RUNNING)
    for number in range(14):
        make_run(runs_dir, name=f"waiting {number}")
    app = open_page("overview")
    names = app.dataframe[0].value["Name"].tolist()
    assert names[:2] == ["at work", "done"] and len(names) == 12
    assert any(text.value == "12 of 16 runs; the Compare page lists all." for text in app.caption)


def test_a_comment_on_a_constant_is_no_part_of_a_page(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.FINISHED)
    shown = [text.value for text in open_page("run", run=folder.id).markdown]
    assert not any("looks whether it goes on" in text for text in shown)


@pytest.mark.parametrize("state", list(RunState))
def test_the_run_page_shows_every_state(runs_dir: Path, state: RunState) -> None:
    folder = make_run(runs_dir, name="mine", state=state)
    app = open_page("run", run=folder.id)
    assert [title.value for title in app.title] == ["mine"]


def test_a_run_is_renamed_and_its_rate_and_length_are_changed(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    app = open_page("run", run=folder.id)
    app.text_input(key=f"name-{folder.id}").input("renamed")
    app.button(key="save-about").click().run()
    assert folder.about().name == "renamed" and app.title[0].value == "renamed"
    app.session_state["change"] = True  # opened, which no test without a browser can do
    app.run()
    app.text_input(key=f"new-rate-{folder.id}").set_value("2.5e-1")
    app.number_input(key=f"new-epochs-{folder.id}").set_value(40)
    app.button(key="apply-change").click().run()
    assert not app.exception
    asked = [(command.action.value, command.value) for command in read_commands(folder.commands_path, 0)]
    assert asked == [("set_lr", 0.25), ("set_epochs", 40)]


@pytest.mark.parametrize(
    ("rate", "epochs", "sentence"),
    [
        ("0.25", 3, "is not more than the 5 that are done"),
        ("fast", 40, "learning_rate must be a number, such as 0.0005; got fast."),
        ("-1", 40, "learning_rate must be greater than 0"),
    ],
)
def test_where_one_change_is_refused_neither_is_asked_for(
    runs_dir: Path, rate: str, epochs: int, sentence: str
) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    folder.write_state(summary=folder.state().summary.model_copy(update={"epoch": 5}))
    app = open_page("run", run=folder.id)
    app.session_state["change"] = True  # opened, which no test without a browser can do
    app.run()
    assert app.text_input(key=f"new-rate-{folder.id}").value == "0.0005"
    app.text_input(key=f"new-rate-{folder.id}").set_value(rate)
    app.number_input(key=f"new-epochs-{folder.id}").set_value(epochs)
    app.button(key="apply-change").click().run()
    assert sentence in app.error[0].value.replace("\\", "")
    assert read_commands(folder.commands_path, 0) == []


def test_the_queue_is_shown_in_order_and_can_be_reordered(runs_dir: Path) -> None:
    folders = [make_run(runs_dir, name=name) for name in ("one", "two")]
    for position, folder in enumerate(folders):
        folder.write_about(queue_position=float(position))
    app = open_page("overview")
    assert app.button(key=f"up-{folders[0].id}").disabled
    app.button(key=f"up-{folders[1].id}").click().run()
    assert folders[1].about().queue_position < folders[0].about().queue_position
    app.button(key=f"out-{folders[0].id}").click().run()
    assert [command.action.value for command in read_commands(folders[0].commands_path, 0)] == ["cancel"]


@pytest.mark.parametrize(("name", "query"), [("run", "run"), ("compare", "runs"), ("data", "data")])
def test_a_link_to_what_is_gone_says_so(runs_dir: Path, tiles_dir: Path, name: str, query: str) -> None:
    make_run(runs_dir)
    add_dataset(tiles_dir)
    app = open_page(name, **{query: "20200101-deleted"})
    assert len(app.warning) >= 1
    assert "deleted" in app.warning[0].value


def test_the_list_of_runs_keeps_its_texts_while_a_run_goes_on(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    app = open_page("run", run=folder.id)
    before = app.selectbox("run").options
    folder.write_state(state=RunState.EVALUATING)
    folder.write_state(state=RunState.FINISHED)
    shared.server().refresh()
    assert app.run().selectbox("run").options == before


def test_a_tick_opens_no_run_that_came_to_its_row_meanwhile(runs_dir: Path) -> None:
    ticked = make_run(runs_dir, name="ticked", state=RunState.FINISHED)
    app = open_page("overview")
    drawn = app.dataframe[0].proto.id
    make_run(runs_dir, name="came meanwhile", state=RunState.FINISHED)
    own_runs()
    tick(app, 0, 0)
    assert app.title[0].value == "rsdash" and app.dataframe[0].proto.id != drawn
    tick(app, 0, 1)
    assert app.title[0].value == ticked.about().name


def test_fields_of_the_form_name_their_unit_once() -> None:
    app = open_page("train")
    labels = {field.label for field in [*app.number_input, *app.text_input]}
    assert {"Image size (px)", "Warm-up epochs", "Rotation (degrees)", "Checkpoint minutes"} <= labels


def test_a_name_of_markdown_is_shown_as_typed(runs_dir: Path) -> None:
    folder = make_run(runs_dir, name="**a** [b](http://c) <i>")
    title = open_page("run", run=folder.id).title[0].value
    assert "**a**" not in title
    assert "](" not in title


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (RunState.QUEUED, {"cancel"}),
        (RunState.RUNNING, {"pause", "stop", "cancel"}),
        (RunState.EVALUATING, {"cancel"}),
        (RunState.FINISHED, {"extend", "delete"}),  # disabled, as their checkpoints are gone
        (RunState.STOPPED, {"extend", "delete"}),
        (RunState.INTERRUPTED, {"begin-again", "delete"}),
    ],
)
def test_a_run_offers_what_its_state_allows(runs_dir: Path, state: RunState, offered: set[str]) -> None:
    folder = make_run(runs_dir, state=state)
    keys = {button.key for button in open_page("run", run=folder.id).button}
    assert keys == offered | {"save-about"}


def test_pause_writes_a_request_for_the_worker(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    open_page("run", run=folder.id).button("pause").click().run()
    assert [command.action.value for command in read_commands(folder.commands_path, 0)] == ["suspend"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("learning_rate", "-1", "Learning rate must be greater than 0; got -1."),
        ("learning_rate", "fast", "got fast."),
        ("test_share", "1.5", "Test share must be less than 0.9; got 1.5."),
    ],
)
def test_a_wrong_setting_is_one_sentence(field: str, value: str, sentence: str) -> None:
    app = open_page("train")
    app.text_input(f"set-{field}").set_value(value).run()
    assert len(app.error) == 1
    assert sentence in app.error[0].value.replace("\\", "")


def test_start_queues_a_run_with_the_forms_settings(runs_dir: Path, tiles_dir: Path) -> None:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("train")
    app.selectbox("set-data").set_value("tiles").run()
    app.number_input("set-batch_size").set_value(8).run()
    app.number_input("set-epochs").set_value(2).run()
    app.text_input("run-name").set_value("from the form").run()
    app.button("start").click().run()
    (entry,) = own_runs()
    assert (entry.name, entry.state.state) == ("from the form", RunState.QUEUED)
    config = entry.request.config
    assert (config.data, config.batch_size, config.epochs) == ("tiles", 8, 2)


def test_a_batch_larger_than_the_training_split_is_refused_on_the_page(
    runs_dir: Path, tiles_dir: Path
) -> None:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("train")
    app.selectbox("set-data").set_value("tiles").run()
    app.button("start").click().run()
    assert "larger than the training split of 48 images" in app.error[0].value
    assert not own_runs()


def test_a_preset_fills_the_form_and_keeps_the_data_set(tiles_dir: Path) -> None:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("train")
    app.selectbox("set-data").set_value("tiles").run()
    app.segmented_control("preset").set_value("transfer").run()
    assert app.selectbox("set-model").value == "tf_efficientnet_lite0"
    assert app.selectbox("set-data").value == "tiles"
    assert app.text_input("set-learning_rate").value == "0.002"


def test_clone_takes_over_the_settings_of_a_run(runs_dir: Path) -> None:
    folder = make_run(runs_dir, epochs=7, width=0.5, im_size=96)
    app = open_page("train", **{"from": folder.id})
    assert app.number_input("set-epochs").value == 7
    assert app.text_input("set-width").value == "0.5"
    assert app.number_input("set-im_size").value == 96


def test_a_missing_folder_is_one_sentence_on_the_data_page(tmp_path: Path) -> None:
    app = open_page("data")
    app.text_input("data-path").set_value(str(tmp_path / "nowhere")).run()
    app.button("add-path").click().run()
    wait_for(lambda: bool(app.error) or bool(app.run().error), "the sentence")
    assert "There is no folder or zip at" in app.error[0].value


def test_the_examples_can_be_compared_but_not_resumed() -> None:
    examples = [entry for entry in shared.server().index.refresh().entries if entry.example]
    assert {entry.config.model for entry in examples} == {"alexnet", "resnet18"}
    keys = {button.key for button in open_page("run", run=examples[0].id).button}
    assert not keys


def test_each_shipped_study_is_a_comparison_of_its_own() -> None:
    app = open_page("overview")
    examples = [entry for entry in shared.server().listing().entries if entry.example]
    studies = sorted(Counter(entry.about.tags[0] for entry in examples).items())
    links = [link.proto for link in app.get("page_link") if link.proto.label.startswith("Compare the ")]
    assert [link.label for link in links] == [f"Compare the {n} runs of {tag}" for tag, n in studies]
    assert [link.query_string.count("runs=") for link in links] == [n for _, n in studies]
