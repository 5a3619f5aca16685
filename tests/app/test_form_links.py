"""Links that fill the form of the Train page: each time they are followed, and then only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from rsdash.home import PROJECT_DIR
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.app.opening import open_page
from tests.tiny import make_run


def go(app: AppTest, page: str, **query: str) -> AppTest:
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(PROJECT_DIR / "pages" / f"{page}.py")).run()
    assert not app.exception
    return app


def test_the_same_data_set_is_taken_over_again_but_not_by_a_rerun(tiles_dir: Path) -> None:
    for name in ("tiles", "other"):
        add_dataset(tiles_dir, name=name)
    app = open_page("train", data="tiles")
    for _ in range(2):
        assert app.selectbox("set-data").value == "tiles"
        app.selectbox("set-data").set_value("other").run()
        assert app.run().selectbox("set-data").value == "other"  # the address still names tiles
        go(app, "data", data="tiles")
        go(app, "train", data="tiles")
    assert app.selectbox("set-data").value == "tiles"


def test_the_same_run_is_cloned_again_but_not_by_a_rerun(runs_dir: Path) -> None:
    run_id = make_run(runs_dir, epochs=7).id
    app = open_page("run", run=run_id)
    for _ in range(2):
        go(app, "train", **{"from": run_id})
        assert app.number_input("set-epochs").value == 7
        app.number_input("set-epochs").set_value(9).run()
        assert app.run().number_input("set-epochs").value == 9
        go(app, "run", run=run_id)


def test_a_recipe_changes_neither_the_data_set_nor_its_split(tiles_dir: Path) -> None:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("train", data="tiles", split="blocks")
    app.segmented_control("preset").set_value("quick").run()
    assert app.selectbox("set-data").value == "tiles" and app.selectbox("set-split").value == "blocks"


def finished(runs_dir: Path, **settings: Any) -> RunFolder:
    folder = make_run(runs_dir, name="my best", state=RunState.FINISHED, **settings)
    folder.weights_path.touch()
    return folder


def problems(app: AppTest) -> str:
    return " ".join(error.value for error in app.error).replace("\\", "")


def test_a_link_trains_on_from_the_weights_of_a_run(runs_dir: Path) -> None:
    run_id = finished(runs_dir, epochs=7).id
    app = open_page("train", **{"from": run_id}, weights="own")
    assert app.selectbox("set-weights").value == f"run:{run_id}"
    assert app.number_input("set-epochs").value == 7
    app.selectbox("set-weights").set_value("random").run()
    assert app.run().selectbox("set-weights").value == "random"  # the address still says its own


def test_the_weights_of_runs_of_the_model_are_offered_by_their_names(runs_dir: Path) -> None:
    run_id = finished(runs_dir).id
    make_run(runs_dir, name="without weights", state=RunState.FAILED)
    app = open_page("train")
    [random, imagenet, packaged, mine] = app.selectbox("set-weights").options
    assert (random, imagenet, packaged) == ("random", "imagenet", "packaged")
    assert mine.startswith("of the run my best")
    app.text_input("set-width").set_value("0.125")
    app.number_input("set-hidden_layers").set_value(1)
    app.selectbox("set-weights").set_value(f"run:{run_id}").run()
    assert not app.error
    app.selectbox("set-model").set_value("resnet18").run()
    assert "Weights = run:my best are those of alexnet" in problems(app)
    assert app.button("start").disabled


def test_a_run_is_named_as_the_source_of_weights_and_an_unknown_one_is_refused(runs_dir: Path) -> None:
    run_id = finished(runs_dir).id
    by_name, unknown = (make_run(runs_dir, weights=f"run:{name}").id for name in ("my best", "another"))
    app = open_page("train", **{"from": by_name})
    assert app.selectbox("set-weights").value == "run:my best"
    assert not app.error and f"weights=run:{run_id}" in app.code[0].value
    app = open_page("train", **{"from": unknown})
    assert "There is no run 'another'" in problems(app)
    assert app.button("start").disabled
