"""The Predict page: dropped images, many of them, several models; what the service says is made up."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsdash.home import PROJECT_DIR
from rsdash.runs.states import RunState
from rsdash.ui.predict.results_view import as_csv, as_json
from tests.app.opening import leave_and_return, open_page
from tests.app.predict.asking import drop, folder_of_tiles, predict_path, the_job, tile
from tests.tiny import make_run


def test_a_dropped_image_is_answered_at_once_with_how_sure_the_model_is(run, asked) -> None:
    app = drop(open_page("predict"), ("a.png", tile()))
    assert asked == [(run.id, asked[0][1], False)]
    (chart,) = app.get("plotly_chart")
    bars = json.loads(chart.proto.spec)["data"][0]
    assert "Most probable: Lake" in chart.proto.spec and "how sure" in chart.proto.spec
    assert bars["text"] == ["80.0%", "10.0%", "10.0%"]
    assert any(text.value == "**Lake**, 80% sure" for text in app.markdown)
    assert not app.dataframe
    sure = next(caption for caption in app.caption if caption.value.startswith("How sure"))
    assert "no evaluation by which it could be corrected" in sure.help


def test_nothing_is_asked_twice_while_the_page_is_used(run, asked) -> None:
    app = drop(open_page("predict"), ("a.png", tile()), ("7.png", tile()), ("torn.png", b"torn"))
    for _ in range(2):
        app.selectbox(key="result-order").set_value("by name").run()
    assert len(asked) == 1
    table = app.dataframe[0].value
    assert table["File"].tolist() == ["7.png", "a.png", "torn.png"]
    assert table["Problem"].tolist()[-1] == "torn.png is damaged."
    assert table["Unlike training"].tolist()[:2] == [True, False]
    assert table["Image"].tolist()[0].startswith("data:image/jpeg;base64,")
    assert any("Unlike the images that the model was measured on" in warning.value for warning in app.warning)
    app.toggle(key="symmetries").set_value(True).run()
    assert [symmetries for *_, symmetries in asked] == [False, True]


def test_what_was_dropped_outlives_a_reload(run, asked) -> None:
    app = drop(open_page("predict"), ("a.png", tile()), ("b.png", tile()))
    (token,) = [path.stem for path in (Path(os.environ["RSDASH_DATA"]) / "dropped").iterdir()]
    assert token in app.query_params["images"]
    again = open_page("predict", run=run.id, images=token)
    assert again.dataframe[0].value["File"].tolist() == ["b.png", "a.png"]
    assert len(asked) == 1
    assert not open_page("predict", run=run.id, images="../../etc/passwd").dataframe


def test_what_was_dropped_outlives_other_pages_until_it_is_taken_away(run, asked) -> None:
    app = drop(open_page("predict"), ("a.png", tile()), ("b.png", tile()))
    app.segmented_control(key="images-from").set_value("On this machine").run()
    assert not app.dataframe
    app.segmented_control(key="images-from").set_value("Drop images or a zip").run()
    assert app.dataframe[0].value["File"].tolist() == ["b.png", "a.png"]
    app.switch_page(str(PROJECT_DIR / "pages" / "overview.py")).run()
    app.switch_page(str(PROJECT_DIR / "pages" / "predict.py")).run()
    assert app.dataframe[0].value["File"].tolist() == ["b.png", "a.png"] and len(asked) == 1
    drop(app, ("c.png", tile()), ("d.png", tile()))
    assert sorted(app.dataframe[0].value["File"]) == ["c.png", "d.png"]
    app.file_uploader(key="images").clear().run()
    assert not app.exception and not app.dataframe and "images" not in app.query_params


def test_the_back_button_brings_the_models_before(run, runs_dir, asked) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    app = open_page("predict", run=run.id, beside=other.id)
    app.multiselect(key="beside").set_value([]).run()
    app.selectbox(key="predictor").set_value(other.id).run()
    assert app.query_params["run"] == other.id and "beside" not in app.query_params
    app.query_params["run"] = run.id
    app.run()
    assert app.selectbox(key="predictor").value == run.id and app.query_params["run"] == run.id
    app.query_params["beside"] = other.id
    app.run()
    assert not app.exception and app.multiselect(key="beside").value == [other.id]


def test_the_models_stay_chosen_while_other_pages_are_looked_at_but_a_link_means_its_own(
    run, runs_dir, asked
) -> None:
    other, third = (make_run(runs_dir, name=name, state=RunState.FINISHED) for name in ("other", "third"))
    app = open_page("predict")
    app.selectbox(key="predictor").set_value(other.id).run()
    app.multiselect(key="beside").set_value([run.id]).run()
    leave_and_return(app, "predict")
    assert app.selectbox(key="predictor").value == other.id
    assert app.multiselect(key="beside").value == [run.id]
    app.query_params.clear()
    app.switch_page(str(PROJECT_DIR / "pages" / "overview.py")).run()
    app.query_params["run"] = third.id
    app.switch_page(str(PROJECT_DIR / "pages" / "predict.py")).run()
    assert app.selectbox(key="predictor").value == third.id and app.multiselect(key="beside").value == []


def test_a_folder_by_its_path_is_sorted_filtered_and_measured(run, asked, tmp_path) -> None:
    app = predict_path(open_page("predict"), folder_of_tiles(tmp_path / "set"))
    table = app.dataframe[0].value
    assert len(table) == 25
    sure = table["How sure"].tolist()
    assert sure[:24] == sorted(sure[:24]) and table["Problem"].tolist()[24]
    assert any("24 images predicted · 1 file not read" in text.value for text in app.markdown)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Overall accuracy"].startswith("0.33") and metrics["Images"] == "24"
    show = app.selectbox(key="result-show")
    assert "Wrong by folder (16)" in show.options and "Not read (1)" in show.options
    show.set_value("Unlike training").run()
    assert app.dataframe[0].value["File"].tolist() == ["Road/7.png", "Lake/7.png", "Forest/7.png"]
    app.selectbox(key="result-show").set_value("Not read").run()
    assert app.dataframe[0].value["File"].tolist() == ["Road/torn.png"]
    app.multiselect(key=f"result-classes-{run.id}").set_value(["Forest"]).run()
    assert any("No image is like that" in caption.value for caption in app.caption)


def test_csv_and_json_hold_all_with_the_plain_softmax_and_the_folder(run, asked, tmp_path) -> None:
    job = the_job(predict_path(open_page("predict"), folder_of_tiles(tmp_path / "set")))
    rows = list(csv.DictReader(io.StringIO(as_csv(job, run.id).decode())))
    assert len(rows) == 25 and rows[0]["true_class"] == "Forest" and rows[0]["class"] == "Lake"
    assert float(rows[0]["probability"]) - float(rows[0]["confidence"]) == pytest.approx(0.05, abs=1e-5)
    parsed = json.loads(as_json(job, run.id))
    assert len(parsed) == 25 and parsed[3]["true_class"] == "Forest"
    assert parsed[-1]["error"] == "Road/torn.png is damaged." and parsed[-1]["classes"] == []


def test_several_models_stand_side_by_side(run, runs_dir, asked) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    app = drop(open_page("predict", run=run.id, beside=other.id), ("a.png", tile()), ("b.png", tile()))
    assert [name for name, *_ in asked] == [run.id, other.id]
    table = app.dataframe[0].value
    assert table["1: Class"].tolist() == ["Lake", "Lake"] and table["2: Class"].tolist() == ["Road", "Road"]
    assert len(app.get("plotly_chart")) == 2
    assert "Models disagree (2)" in app.selectbox(key="result-show").options


def test_the_figures_name_the_model_that_they_are_of(run, runs_dir, asked, tmp_path) -> None:
    other = make_run(runs_dir, name="other", state=RunState.FINISHED)
    place = folder_of_tiles(tmp_path / "set")
    app = predict_path(open_page("predict", run=run.id, beside=other.id), place)
    assert "Against the folders: mine" in [heading.value for heading in app.subheader]


def test_of_many_classes_no_matrix_is_drawn_and_it_is_said(run, asked, tmp_path, monkeypatch) -> None:
    app = predict_path(open_page("predict"), folder_of_tiles(tmp_path / "set"))
    assert "folder-matrix" in charts(app)
    monkeypatch.setattr("rsdash.charts.style.MOST_IN_A_MATRIX", 2)
    app.run()
    assert not app.exception and "folder-matrix" not in charts(app)
    assert any("Matrices are drawn up to" in caption.value for caption in app.caption)


def charts(app: AppTest) -> str:
    return " ".join(chart.proto.id for chart in app.get("plotly_chart"))


def test_one_model_alone_leaves_no_trace_of_others_in_the_link(run) -> None:
    app = open_page("predict")
    assert app.query_params["run"] == run.id and "beside" not in app.query_params


@pytest.mark.parametrize(
    ("place", "sentence"), [("nowhere", "no image, folder or zip at"), ("torn.zip", "not a zip")]
)
def test_a_place_that_cannot_be_read_is_one_sentence(run, asked, tmp_path, place: str, sentence: str) -> None:
    (tmp_path / "torn.zip").write_bytes(b"PK")
    app = predict_path(open_page("predict"), tmp_path / place)
    assert sentence in app.error[0].value.replace("\\", "") and not asked


def test_a_zip_is_dropped_alone(run, asked, tmp_path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "set"), "zip", folder_of_tiles(tmp_path / "set")))
    app = drop(open_page("predict"), ("set.zip", archive.read_bytes()))
    assert len(app.dataframe[0].value) == 25
    refused = drop(open_page("predict"), ("set.zip", archive.read_bytes()), ("a.png", tile()))
    assert "together with other files" in refused.error[0].value


def test_only_below_the_roots_images_are_read(run, asked, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RSDASH_ROOTS", str(tmp_path / "open"))
    app = open_page("predict")
    app.segmented_control(key="images-from").set_value("On this machine").run()
    app.text_input(key="image-path").set_value(str(folder_of_tiles(tmp_path / "secret"))).run()
    assert "may not be read" in app.error[0].value
    assert not [button for button in app.button if button.key == "predict"]
