"""Classes on the Compare page: columns and intervals of each run, and the tiles behind a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rsdash.charts import matrix_map
from rsdash.evaluation.saved import read_evaluation
from rsdash.ui.compare.tile_view import open_tiles
from tests.app.comparing import compare, said, two
from tests.finished import copy_run, edit


def test_two_runs_of_one_name_keep_columns_of_their_own(runs_dir: Path) -> None:
    folders = two(runs_dir)
    for folder in folders:
        edit(folder.about_path, lambda about: about.update(name="same"))
    app = compare(*folders)
    app.segmented_control(key="look").set_value("Classes").run()
    table = next(table.value for table in app.dataframe if "Class" in table.value)
    assert not app.exception
    assert {f"F1 · same ({folder.id})" for folder in folders} <= set(table)


def class_cells(app: AppTest) -> dict[str, list[str | None]]:
    """Columns of the table of classes."""
    app.segmented_control(key="look").set_value("Classes").run()
    assert not app.exception
    return next(table.value for table in app.dataframe if "Class" in table.value).to_dict("list")


def half_width(cell: str | None) -> float | None:
    """What stands behind the ± of a cell."""
    return float(cell.split("±")[1]) if cell and "±" in cell else None


def test_plus_minus_of_a_class_counts_groups_where_images_come_in_groups(runs_dir: Path) -> None:
    app = compare(copy_run(runs_dir, "alexnet", 1))
    independent = class_cells(app)["Producer's"]
    assert "half of Wilson's 95 % interval" in said(app) and "Wilson's for accuracy" in said(app)

    grouped = copy_run(runs_dir, "alexnet", 2)
    evaluation = read_evaluation(grouped.evaluation_path)
    right = evaluation.logits.argmax(axis=1) == evaluation.labels
    alike = evaluation.rows[np.lexsort((right, evaluation.labels))]  # a group is right as a whole, or wrong
    group_of = {row: place // 2 if place < 360 else place // 5 for place, row in enumerate(alike.tolist())}
    edit(grouped.split_path, lambda s: s.update(test_groups=[group_of[row] for row in s["test"]["rows"]]))
    app = compare(grouped)
    cells = class_cells(app)["Producer's"]
    assert "draws whole groups of images" in said(app) and "Wilson" not in said(app)
    for cell, before in zip(cells[:9], independent[:9], strict=True):
        wide, narrow = half_width(cell), half_width(before)
        assert wide and narrow and wide > 1.2 * narrow, "pairs that agree are half as many images"
    assert half_width(cells[9]) is None, "in 8 groups"


@pytest.mark.parametrize("name", ["Trees & shrubs", "<b>Lake</b>", "&amp; so on", "111"])
def test_a_clicked_cell_opens_the_tiles_of_its_classes_whatever_their_names(monkeypatch, name: str) -> None:
    figure = matrix_map(np.eye(2, dtype=np.int64), ["Road", name], title="Matrix")
    point = {axis: figure.data[0][axis][place] for axis, place in (("y", 1), ("x", 0))}
    state: dict[str, object] = {"matrix-0": {"selection": {"points": [point]}}}
    monkeypatch.setattr("rsdash.ui.compare.tile_view.st.session_state", state)
    open_tiles("matrix-0", 0)
    assert (state["tile-true"], state["tile-answer"]) == (name, "Road")
