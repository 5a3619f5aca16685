"""What stands beside a run's curves: settings in the form's words, its name, the way on from its weights."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

from rsdash.runs.states import RunState
from tests.app.opening import open_page
from tests.tiny import make_run

ONWARDS = "Train on from these weights"


def links(app: AppTest) -> set[str]:
    return {link.proto.label for link in app.get("page_link")}


def test_settings_are_those_that_have_an_effect_by_the_names_of_the_form(runs_dir: Path) -> None:
    changes = {"model": "resnet18", "width": 1.0, "hidden_layers": 2, "schedule": "plateau"}
    app = open_page("run", run=make_run(runs_dir, **changes).id)
    table: pd.DataFrame = next(frame.value for frame in app.dataframe if "Setting" in frame.value)
    shown = dict(zip(table["Setting"], table["Value"], strict=True))
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
