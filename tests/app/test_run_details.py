"""What stands beside a run's curves: settings in the form's words, its name, the way on from its weights."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.runs.amendments import Amendment
from rsdash.runs.commands import read_commands
from rsdash.runs.states import RunState
from tests.app.opening import open_page, opened
from tests.tiny import make_run

ONWARDS = "Train on from these weights"


def links(app: AppTest) -> set[str]:
    return {link.proto.label for link in app.get("page_link")}


def settings_shown(app: AppTest) -> dict[str, str]:
    """Name of a setting → its value."""
    table: pd.DataFrame = next(frame.value for frame in app.dataframe if "Setting" in frame.value)
    return dict(zip(table["Setting"], table["Value"], strict=True))


def test_settings_are_those_that_have_an_effect_by_the_names_of_the_form(runs_dir: Path) -> None:
    changes = {"model": "resnet18", "width": 1.0, "hidden_layers": 2, "schedule": "plateau"}
    app = open_page("run", run=make_run(runs_dir, **changes).id)
    shown = settings_shown(opened(app, "open-settings"))
    assert shown["Image size (px)"] == "63" and shown["Skip"] == "true" and shown["Plateau factor"] == "0.5"
    assert not {"Kernel sizes (px)", "kernel_sizes", "Dropout", "Nesterov"} & shown.keys()


def test_a_run_whose_weights_are_there_can_be_trained_on_from(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.FINISHED)
    assert ONWARDS not in links(open_page("run", run=folder.id))
    folder.weights_path.touch()
    assert ONWARDS in links(open_page("run", run=folder.id))


def test_a_run_is_not_given_the_name_of_another(runs_dir: Path) -> None:
    folder = make_run(runs_dir, name="mine")
    other = make_run(runs_dir, name="yours")
    app = open_page("run", run=folder.id)
    app.text_input(key=f"name-{folder.id}").input("yours")
    app.button(key="save-about").click().run()
    assert other.id in app.error[0].value.replace("\\", "") and folder.about().name == "mine"


def test_settings_and_log_are_built_where_they_are_open(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING)
    app = open_page("run", run=folder.id)
    folder.amend(Amendment(setting="learning_rate", value=0.25, step=3))
    folder.log_path.write_text("a word of the worker")
    shared.server().refresh()
    assert not app.dataframe and not app.code
    app = opened(opened(app, "open-settings"), "open-log")
    assert settings_shown(app)["Learning rate"] == "0.25"
    assert "a word of the worker" in [text.value for text in app.code]


def test_only_what_was_changed_here_is_saved(runs_dir: Path) -> None:
    folder = make_run(runs_dir, name="mine")
    app = open_page("run", run=folder.id)
    folder.write_about(name="renamed elsewhere", pinned=True, tags=("elsewhere",))
    shared.server().refresh()
    app.text_area(key=f"note-{folder.id}").input("looked at twice")
    app.button(key="save-about").click().run()
    assert not app.exception and not app.error
    about = folder.about()
    assert (about.name, about.pinned, about.tags) == ("renamed elsewhere", True, ("elsewhere",))
    assert about.note == "looked at twice"


def test_a_rate_or_length_that_was_left_is_not_asked_for(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.RUNNING, epochs=15)
    app = opened(open_page("run", run=folder.id), "change")
    folder.amend(Amendment(setting="epochs", value=30, step=3))
    shared.server().refresh()
    app.text_input(key=f"new-rate-{folder.id}").set_value("0.25")
    app.button("apply-change").click().run()
    assert not app.exception and not app.error
    asked = [(command.action.value, command.value) for command in read_commands(folder.commands_path, 0)]
    assert asked == [("set_lr", 0.25)]


def test_runs_of_one_name_can_be_told_apart(runs_dir: Path) -> None:
    ids = {make_run(runs_dir, name="the same").id for _ in range(2)}
    for run_id in ids:
        app = open_page("run", run=run_id)
        assert app.query_params["run"] == run_id
        own = [text for text in app.selectbox("run").options if text.startswith("the same")]
        assert len(set(own)) == 2 and all(any(text.endswith(one[-6:]) for one in ids) for text in own)


def test_a_run_whose_folder_is_damaged_is_named(runs_dir: Path) -> None:
    make_run(runs_dir, name="sound")
    damaged = make_run(runs_dir)
    damaged.about_path.write_text("{")
    for page in ("overview", "run"):
        app = open_page(page, run=damaged.id)
        [warning] = [text.value.replace("\\", "") for text in app.warning]
        assert damaged.id in warning and "about.json is damaged" in warning


def test_a_run_that_has_learnt_nothing_yet_cannot_be_stopped(runs_dir: Path) -> None:
    folder = make_run(runs_dir, state=RunState.STARTING)
    assert {"pause", "cancel"} <= buttons(open_page("run", run=folder.id))
    assert "stop" not in buttons(open_page("run", run=folder.id))
    folder.write_state(checkpoint_step=10)
    assert "stop" in buttons(open_page("run", run=folder.id))


def buttons(app: AppTest) -> set[str | None]:
    return {button.key for button in app.button}
