"""The Data page: sources, splits and drafts, as a session uses them."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import RunConfig
from rsdash.data import Dataset, add_dataset, images, list_datasets
from rsdash.data.source import FolderSource
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits, stored_splits
from rsdash.errors import DataError
from rsdash.runs.states import RunState
from rsdash.ui import places
from tests.app.opening import leave_and_return, open_page
from tests.bands import geotiff, placed
from tests.scenes import rectangle, write_geojson, write_scene
from tests.tiny import CLASSES, draw_tile, make_run, make_tiles, wait_for


@pytest.fixture
def tiles(tmp_path: Path) -> Dataset:
    return add_dataset(make_tiles(tmp_path / "tiles"))


def choose_source(app: AppTest, name: str) -> AppTest:
    return app.segmented_control("source").set_value(name).run()


def task_done(app: AppTest) -> AppTest:
    wait_for(lambda: not shared.server().tasks.under_way("data"), "the task")
    return app.run()


def test_a_split_is_made_looked_at_and_handed_to_the_train_page(tiles):
    app = open_page("data", data="tiles", view="Splits")
    assert "No split yet" in app.info[0].value
    app.number_input("split-test").set_value(30.0)
    app.number_input("split-seed").set_value(4)
    app.text_input("split-name").set_value("mine")
    app.button("make-split").click().run()
    assert not app.exception and not app.error
    (split,) = stored_splits(tiles)
    assert (split.name, split.sizes) == ("mine", {"train": 30, "validation": 12, "test": 18})
    assert app.selectbox("shown-split").value == "mine"
    assert any("not checked" in text.value for text in app.markdown)
    train = open_page("train", data="tiles", split="mine")
    assert train.selectbox("set-data").value == "tiles"
    assert train.selectbox("set-split").value == "mine"


def test_another_split_is_the_one_looked_at(tiles):
    app = open_page("data", data="tiles", view="Splits")
    for name in ("second", "first"):
        app.text_input("split-name").set_value(name)
        app.button("make-split").click().run()
        assert not app.exception
        assert [success.value for success in app.success] == [f"Stored: {name}."]
        assert app.selectbox("shown-split").value == name
    assert app.dataframe[0].proto.columns.count("localized") == 5  # 14,580 images, as elsewhere
    assert app.number_input("split-test").proto.format == "%g"
    app.selectbox("shown-split").set_value("second").run()
    assert app.selectbox("shown-split").value == "second"


def test_folds_and_patterns_reach_the_split(tiles):
    app = open_page("data", data="tiles", view="Splits")
    app.segmented_control("split-how").set_value("In folds").run()
    app.number_input("split-folds").set_value(4)
    app.number_input("split-validation").set_value(0.0)
    app.text_input("split-pattern").set_value(r"/(\d)\d")
    app.button("make-split").click().run()
    assert "must not be divided" in app.error[0].value  # each class has but two first digits
    assert stored_splits(tiles) == []
    app.text_input("split-pattern").set_value(r"/\d(\d)")
    app.button("make-split").click().run()
    folds = stored_splits(tiles)
    assert len(folds) == 4 and all(fold.kept_together == 60 for fold in folds)


def test_the_columns_of_a_table_are_read_as_the_split_reads_them(tiles):
    app = open_page("data", data="tiles", view="Splits")
    lines = [f'"{name}/{number:02}.png","{number}"' for name in CLASSES for number in range(20)]
    table = "\n".join(["", '"file","scene, of the year"', *lines])  # as R's write.csv quotes them
    app.file_uploader("split-table").upload("scenes.csv", table.encode(), "text/csv").run()
    assert app.selectbox("split-column").options == ["scene, of the year"]
    app.button("make-split").click().run()
    assert not app.exception and not app.error
    (split,) = stored_splits(tiles)
    assert split.kept_together == 60


def test_a_table_that_cannot_be_read_is_one_sentence(tiles):
    app = open_page("data", data="tiles", view="Splits")
    app.file_uploader("split-table").upload("scenes.csv", b"file,scene\n", "text/csv").run()
    assert [error.value for error in app.error] == [
        r"The table scenes\.csv needs a header and at least one line\."
    ]
    assert app.button("make-split").disabled and not app.exception


def test_each_data_set_has_its_own_blocks(tmp_path, data_place):
    for name, pixel_m in (("coarse", 20.0), ("fine", 10.0)):
        for label, number in itertools.product(range(2), range(4)):
            where = placed(500_000 + 32 * pixel_m * number, 5_500_000 - 32 * pixel_m * label, pixel_m)
            path = tmp_path / name / CLASSES[label] / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(geotiff(np.moveaxis(draw_tile(label, number), -1, 0), **where))
        add_dataset(tmp_path / name)
    app = open_page("data", data="coarse", view="Splits")
    app.toggle("split-blocks").set_value(True).run()
    assert app.number_input("split-block-m-coarse").value == pytest.approx(8 * 640, rel=0.01)
    app.number_input("split-block-m-coarse").set_value(10_000)
    app.number_input("split-gap-m-coarse").set_value(900).run()
    app.selectbox("shown-data").set_value("fine").run()
    values = [app.number_input(f"split-{field}-m-fine").value for field in ("block", "gap")]
    assert values == pytest.approx([8 * 320, 320], rel=0.01)


def test_lists_of_one_name_are_told_apart_by_their_part(tiles):
    app = open_page("data", data="tiles", view="Splits")
    app.segmented_control("split-how").set_value("Official lists").run()
    for part, numbers in (("train", range(12)), ("test", range(12, 20))):
        names = "\n".join(f"{name}/{number:02}.png" for name in CLASSES for number in numbers)
        app.file_uploader(f"list-{part}").upload("list.txt", names.encode(), "text/plain")
    app.run()
    app.button("make-split").click().run()
    assert not app.exception and not app.error
    (split,) = stored_splits(tiles)
    assert split.sizes == {"train": 36, "validation": 0, "test": 24}


def test_an_open_server_reads_below_its_roots_only(tmp_path, tiles, monkeypatch):
    monkeypatch.setattr(places, "is_local", lambda: False)
    monkeypatch.setenv(places.ROOTS_VARIABLE, str(tmp_path / "allowed"))
    make_tiles(tmp_path / "allowed" / "more")
    app = open_page("data")
    for path in (tmp_path / "tiles", tmp_path / "allowed" / ".." / "tiles", Path("/etc")):
        app.text_input("data-path").set_value(str(path)).run()
        assert "may not be read through the browser" in app.error[0].value
    app.text_input("data-path").set_value(str(tmp_path / "allowed" / "more")).run()
    app.button("add-path").click().run()
    task_done(app)
    assert {info.name for info in list_datasets()} == {"tiles", "more"}


@pytest.mark.parametrize("setting", ["data", "weights"])
def test_the_train_form_reads_below_the_roots_only(tmp_path, runs_dir, tiles, monkeypatch, setting):
    monkeypatch.setenv(places.ROOTS_VARIABLE, str(tmp_path / "allowed"))  # on 127.0.0.1 too
    make_tiles(tmp_path / "elsewhere")
    config = RunConfig(data="tiles").model_dump()
    config[setting] = {"data": "", "weights": "file:"}[setting] + str(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="may not be read through the browser"):
        places.allowed_settings(RunConfig(**config))
    assert places.allowed_settings(RunConfig(data="tiles")).data == "tiles"
    app = open_page("train", data=str(tmp_path / "elsewhere"))
    assert any("may not be read through the browser" in error.value for error in app.error)
    assert app.button("start").disabled
    assert [info.name for info in list_datasets()] == ["tiles"]


def test_a_scene_becomes_tiles_through_the_page(tmp_path, data_place):
    pixels = np.random.default_rng(0).integers(1, 256, (128, 128, 3), dtype=np.uint8)
    scene = write_scene(tmp_path / "county.tif", pixels)
    fields = [({"class": "a"}, rectangle(0, 0, 64, 128)), ({"class": "b"}, rectangle(64, 0, 128, 128))]
    labels = write_geojson(tmp_path / "fields.geojson", fields)
    app = choose_source(open_page("data"), "Tiles from a scene")
    app.text_input("scene-path").set_value(str(scene))
    app.text_input("labels-path").set_value(str(labels))
    app.number_input("tile-m").set_value(160.0).run()
    app.button("cut-tiles").click().run()
    task_done(app)
    (info,) = list_datasets()
    assert info.counts == {"a": 32, "b": 32}
    assert info.origin == "160 m tiles of county.tif, labelled by fields.geojson"


def test_terms_are_accepted_before_a_download(data_place):
    app = choose_source(open_page("data"), "Download")
    assert app.button("download-resisc45").disabled
    assert not app.button("download-ucmerced").disabled
    app.checkbox("accept-resisc45").check().run()
    assert not app.button("download-resisc45").disabled


@pytest.mark.parametrize(("bands", "scale"), [("", "0.1"), ("B1,B1", "1"), ("B1", "0"), ("B1", "x")])
def test_wrong_pixel_values_are_one_sentence(bands, scale):
    app = open_page("data")
    app.selectbox("path-radiometry").set_value("custom").run()
    app.text_input("path-bands").set_value(bands)
    app.text_input("path-scale").set_value(scale).run()
    assert not app.exception
    assert len(app.error) == 1 and "cannot be used" in app.error[0].value


def test_the_back_button_brings_the_data_set_before(tmp_path, data_place):
    for name in ("first", "second"):
        add_dataset(make_tiles(tmp_path / name))
    app = open_page("data", data="first")
    app.selectbox("shown-data").set_value("second").run()
    assert app.query_params["data"] == "second"
    app.query_params["data"] = "first"
    assert app.run().selectbox("shown-data").value == "first"
    assert not app.exception


def test_the_chosen_data_set_stays_chosen_while_other_pages_are_looked_at(tmp_path, data_place):
    for name in ("first", "second"):
        add_dataset(make_tiles(tmp_path / name))
    app = open_page("data")
    app.selectbox("shown-data").set_value("second").run()
    assert leave_and_return(app, "data").selectbox("shown-data").value == "second"


def test_the_preview_shows_the_images_as_they_are_read(tmp_path, data_place):
    app = open_page("data")
    (make_tiles(tmp_path / "tiles") / "README.txt").write_text("about these tiles")
    app.text_input("data-path").set_value(str(tmp_path / "tiles")).run()
    app.button("preview-path").click().run()
    assert not app.exception and not app.error
    assert len(app.get("image")) == 1
    assert list_datasets() == []


def test_a_preview_reads_no_file_that_is_too_large(tmp_path, data_place, monkeypatch):
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 50)
    monkeypatch.setattr(FolderSource, "read", lambda *_: pytest.fail("it was read"))
    app = open_page("data")
    app.text_input("data-path").set_value(str(make_tiles(tmp_path / "tiles"))).run()
    app.button("preview-path").click().run()
    assert "large; at most" in app.error[0].value and not app.exception


def test_a_path_of_a_user_who_is_not_here_is_one_sentence(data_place):
    app = open_page("data")
    app.text_input("data-path").set_value("~nobody-of-that-name/tiles").run()
    assert not app.exception
    assert "a user who is not on this server" in app.error[0].value


def test_a_data_set_in_use_is_not_removed(runs_dir, tiles):
    make_run(runs_dir, name="busy")
    app = open_page("data", data="tiles")
    app.checkbox("sure-tiles").check().run()
    assert app.button("remove-data").disabled
    assert any("In use by busy" in text.value for text in app.caption)


def test_one_recipe_under_two_splits_is_queued_and_its_drop_is_said(runs_dir, tiles):
    add_splits(tiles, SplitRequest(name="random"))
    add_splits(tiles, SplitRequest(name="apart", pattern=r"/\d(\d)"))
    app = open_page("data", data="tiles", view="Splits")
    assert (app.selectbox("pair-first").value, app.selectbox("pair-second").value) == ("random", "apart")
    app.button("queue-pair").click().run()
    assert not app.exception and not app.error
    entries = shared.server().index.refresh().entries
    by_split = {entry.request.data.split: entry for entry in entries if not entry.example}
    limited = ("random-limit200", "apart-limit200")  # quick takes at most 200 images a class
    assert by_split.keys() == set(limited)
    for split, accuracy in zip(limited, (0.9, 0.75), strict=True):
        folder = by_split[split].folder
        summary = folder.state().summary.model_copy(update={"accuracy": accuracy, "images": 12})
        for state in (RunState.STARTING, RunState.RUNNING, RunState.EVALUATING):
            folder.write_state(state=state)
        folder.write_state(state=RunState.FINISHED, summary=summary)
    shared.server().index.refresh()
    texts = " ".join(text.value for text in open_page("data", data="tiles", view="Splits").markdown)
    assert r"0.900 on random\-limit200 (n = 12) against 0.750 on apart\-limit200 (n = 12)" in texts
    assert "15.0 points lower" in texts


def test_a_dropped_zip_is_previewed_before_it_is_added(tmp_path, data_place):
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        for path in make_tiles(tmp_path / "tiles").rglob("*.png"):
            archive.write(path, path.relative_to(tmp_path))
    app = choose_source(open_page("data"), "Drop a zip")
    content = (tmp_path / "tiles.zip").read_bytes()
    app.file_uploader("data-zip-0").upload("tiles.zip", content, "application/zip").run()
    app.button("preview-zip").click().run()
    assert not app.exception and not app.error
    assert len(app.get("image")) == 1
    assert list_datasets() == []
    app.button("add-zip").click().run()
    task_done(app)
    assert [info.image_count for info in list_datasets()] == [60]
