"""Two runs of one name on the Compare page: every legend, alternative text and table tells them apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rsdash.runs.folder import RunFolder
from tests.app.comparing import compare, two
from tests.finished import edit

DRAWN = {"Curves": 1, "Classes": 4, "Confidence": 2, "Cost": 1, "Gradients": 1}
"""Look → charts that are of single runs."""


@pytest.fixture
def alike(runs_dir: Path) -> tuple[RunFolder, RunFolder]:
    """Two runs called the same."""
    folders = two(runs_dir)
    for folder in folders:
        edit(folder.about_path, lambda about: about.update(name="same"))
    return folders


def charts(app: AppTest, look: str) -> list[Any]:
    """The charts of a look, as they are sent."""
    app.segmented_control(key="look").set_value(look).run()
    assert not app.exception and not app.error
    return [chart.proto for chart in app.get("plotly_chart")]


@pytest.mark.parametrize(("look", "count"), DRAWN.items())
def test_alternative_texts_and_legends_tell_runs_of_one_name_apart(alike, look: str, count: int) -> None:
    found = charts(compare(*alike), look)
    assert len(found) == count
    texts = [chart.alt for chart in found]
    labels = {folder.id: f"same ({folder.id})" for folder in alike}
    for text in texts:
        assert any(label in text for label in labels.values()), text
    assert all(any(label in text for text in texts) for label in labels.values())
    drawn = [json.dumps(json.loads(chart.spec), ensure_ascii=False) for chart in found]
    if look != "Gradients":  # whose panels have short titles
        assert all(any(label in figure for figure in drawn) for label in labels.values())


def test_runs_of_unlike_names_are_called_by_them_alone(runs_dir: Path) -> None:
    folders = two(runs_dir)
    (chart,) = charts(compare(*folders), "Cost")
    assert chart.alt.endswith(" of alexnet 1, resnet18 2")
    assert not any(folder.id in chart.alt for folder in folders)


@pytest.mark.parametrize(
    ("look", "column"), [("Cost", "Run"), ("Confidence", "Run"), ("Statistics", "less accurate")]
)
def test_tables_tell_runs_of_one_name_apart(alike, look: str, column: str) -> None:
    app = compare(*alike)
    app.segmented_control(key="look").set_value(look).run()
    table = next(
        table.value
        for table in app.dataframe
        if column in table.value and "Progress" not in table.value and "Model" not in table.value
    )
    others = [name for key in (column, "more accurate") if key in table for name in table[key]]
    assert set(others) == {f"same ({folder.id})" for folder in alike}


def test_titles_show_a_name_as_typed_and_alternative_texts_say_it_plainly(runs_dir: Path) -> None:
    folders = two(runs_dir)
    for number, folder in enumerate(folders):
        edit(folder.about_path, lambda about, n=number: about.update(name=f"<b>R&D</b> {n}"))
    found = charts(compare(*folders), "Classes")
    titles = [json.loads(chart.spec)["layout"]["title"]["text"] for chart in found]
    assert {f"&lt;b&gt;R&amp;D&lt;/b&gt; {number}" for number in (0, 1)} <= set(titles)
    assert all("<b>R&D</b>" in chart.alt for chart in found)
