"""Links that fill the form of the Train page: each time they are followed, and then only."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from rsdash.home import PROJECT_DIR
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
