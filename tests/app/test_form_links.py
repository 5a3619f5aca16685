"""Links that fill the form of the Train page: each time they are followed, and then only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from rsdash.home import PROJECT_DIR
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.ui.form_memory import FORMS_KEPT, TypedForms
from tests.app.opening import leave_and_return, open_page, opened
from tests.tiny import make_run


def go(app: AppTest, page: str, **query: str) -> AppTest:
    """Follow a link, which leaves nothing else in the address."""
    app.query_params.clear()
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


def test_a_clone_loses_no_digit(runs_dir: Path) -> None:
    rate, l2 = 0.000123456789, 5e-4
    run_id = make_run(runs_dir, learning_rate=rate, l2=l2, l1=1e-6).id
    app = open_page("train", **{"from": run_id})
    shown = {name: app.text_input(f"set-{name}").value for name in ("learning_rate", "l2", "l1", "dropout")}
    assert shown == {"learning_rate": "0.000123456789", "l2": "0.0005", "l1": "1e-06", "dropout": "0.5"}
    assert "--set learning_rate=0.000123456789 " in app.code[0].value


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


def reloaded(app: AppTest) -> AppTest:
    """A new session at the same address."""
    return open_page("train", **app.query_params)


def test_a_form_that_nobody_touched_leaves_the_address_alone() -> None:
    app = open_page("train")
    assert not app.run().query_params


def test_what_was_typed_outlives_a_reload(runs_dir: Path) -> None:
    app = open_page("train", **{"from": make_run(runs_dir, epochs=7).id})
    app.number_input("set-epochs").set_value(9).run()
    app.text_input("run-name").set_value("mine").run()
    app = opened(app, "open-grid")
    app.multiselect("vary-settings").set_value(["l2"]).run()
    app.text_input("vary-l2").set_value("0, 0.1").run()
    app = reloaded(app)
    assert app.number_input("set-epochs").value == 9  # not the 7 that the link brought
    assert app.text_input("run-name").value == "mine"
    app = opened(app, "open-grid")
    assert app.text_input("vary-l2").value == "0, 0.1"


def test_what_was_typed_outlives_leaving_the_page_and_a_reload_after_it() -> None:
    app = open_page("train")
    app.number_input("set-epochs").set_value(9).run()
    app = leave_and_return(app, "train")
    assert app.number_input("set-epochs").value == 9
    again = leave_and_return(reloaded(app), "train")
    assert reloaded(again).number_input("set-epochs").value == 9


def test_two_tabs_type_into_forms_of_their_own() -> None:
    first = open_page("train")
    first.number_input("set-epochs").set_value(9).run()
    second = reloaded(first)
    second.number_input("set-epochs").set_value(5).run()
    assert reloaded(first).number_input("set-epochs").value == 9
    assert reloaded(second).number_input("set-epochs").value == 5


def test_the_back_button_after_a_clone_keeps_what_was_typed(runs_dir: Path, tiles_dir: Path) -> None:
    add_dataset(tiles_dir, name="tiles")
    run_id = make_run(runs_dir, epochs=7).id
    for link in ({"from": run_id}, {"data": "tiles"}):
        app = go(open_page("run", run=run_id), "train", **link)
        app.number_input("set-epochs").set_value(9).run()
        app.selectbox("set-data").set_value("sample").run()
        address = dict(app.query_params)
        assert link.items() <= address.items()
        go(app, "run", run=run_id)
        go(app, "train", **address)
        assert app.number_input("set-epochs").value == 9
        assert app.selectbox("set-data").value == "sample"


def test_the_back_button_is_not_caught_by_the_token() -> None:
    app = open_page("train")
    app.number_input("set-epochs").set_value(9).run()
    app.query_params.clear()
    assert not app.run().query_params
    assert app.number_input("set-epochs").value == 9


def test_a_token_that_the_server_does_not_know_opens_an_ordinary_form() -> None:
    assert open_page("train", form="unknown").number_input("set-epochs").value == 15


def test_only_the_forms_stored_last_are_kept() -> None:
    forms = TypedForms()
    for number in range(FORMS_KEPT + 1):
        forms.store(str(number), {"set-epochs": number})
    assert forms.find("0") is None
    assert forms.find(str(FORMS_KEPT)) == {"set-epochs": FORMS_KEPT}
