"""The Images view of the Data page: what is shown of which images, and what waits for a click."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import make_radiometry
from rsdash.data import Dataset, add_dataset
from rsdash.data.exclusions import exclude
from rsdash.data.spectra import load_spectra
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.inference import client
from rsdash.inference.batches import draw_batch
from tests.app.opening import open_page
from tests.bands import make_band_tiles
from tests.tiny import CLASSES, draw_tile, make_tiles, wait_for


@pytest.fixture
def tiles(tmp_path: Path) -> Dataset:
    return add_dataset(make_tiles(tmp_path / "tiles"))


def open_box(app: AppTest, key: str) -> AppTest:
    app.session_state[key] = True
    return app.run()


def after(app: AppTest, prefix: str) -> AppTest:
    wait_for(lambda: not shared.server().tasks.under_way(prefix), "the task")
    return app.run()


def class_rows(app: AppTest) -> list[str]:
    """What stands above the tiles of each class."""
    return [text.value for text in app.markdown if "images]" in text.value]


def boxes(app: AppTest) -> list[str]:
    return [box.label for box in app.expander]


def charts(app: AppTest) -> list[str]:
    return [chart.proto.id.rsplit("-", 1)[-1] for chart in app.get("plotly_chart")]


def test_tiles_are_filtered_by_class_and_by_part_of_a_split(tiles):
    app = open_page("data", data="tiles")
    assert class_rows(app) == [f"**{name}** :gray[20 images]" for name in CLASSES]
    assert app.selectbox("grid-part").disabled
    add_splits(tiles, SplitRequest(name="mine", test_share=0.3))
    app = open_page("data", data="tiles")
    app.selectbox("grid-part").set_value("test · mine").run()
    assert class_rows(app) == [f"**{name}** :gray[6 images]" for name in CLASSES]
    app.multiselect("grid-classes").set_value(["Road"]).run()
    assert class_rows(app) == ["**Road** :gray[6 images]"]
    assert not app.exception


def test_what_is_chosen_of_one_data_set_does_not_upset_the_next(tiles, tmp_path):
    other = make_tiles(tmp_path / "other")
    (other / "Road").rename(other / "Rail")
    add_splits(tiles, SplitRequest(name="mine"))
    add_dataset(other)
    app = open_page("data", data="tiles")
    app.multiselect("grid-classes").set_value(["Road", "Lake"])
    app.selectbox("grid-part").set_value("test · mine").run()
    app.selectbox("shown-data").set_value("other").run()
    assert not app.exception
    assert class_rows(app) == ["**Lake** :gray[20 images]"]


def test_excluded_files_are_not_shown_and_said_so(tiles):
    exclude(tiles.folder, [f"Lake/{number:02}.png" for number in range(18)])
    app = open_page("data", data="tiles")
    assert class_rows(app)[1] == "**Lake** :gray[2 images]"
    assert any("18 images are excluded" in text.value for text in app.caption)


def test_one_size_is_a_sentence_and_several_are_a_chart(tiles, tmp_path):
    app = open_page("data", data="tiles")
    assert any(text.value == "All images are 32 x 32 px." for text in app.caption)
    assert "Image sizes" not in boxes(app) and "Map" not in boxes(app)
    Image.fromarray(draw_tile(0, 0)[:16]).save(tiles.place / "Forest" / "flat.png")
    add_dataset(tiles.place)
    app = open_box(open_page("data", data="tiles"), "open-sizes")
    assert not app.exception
    assert "Image sizes" in boxes(app) and "sizes" in charts(app)


def test_spectra_are_measured_on_request_and_kept(tiles):
    app = open_page("data", data="tiles")
    assert "spectra" not in charts(app)
    app = open_box(app, "open-spectra")
    app.button("start-spectra").click().run()
    app = after(app, "spectra")
    assert load_spectra(tiles) is not None
    assert "spectra" in charts(app) and not app.exception
    app.multiselect("spectra-spread").set_value(["Lake"]).run()
    assert not app.exception
    assert any("one standard deviation" in text.value for text in app.caption)
    again = open_box(open_page("data", data="tiles"), "open-spectra")
    assert "spectra" in charts(again)


def test_what_went_wrong_is_said_and_can_be_tried_again(tiles):
    app = open_box(open_page("data", data="tiles"), "open-spectra")
    content = (tiles.place / "Lake" / "04.png").read_bytes()
    (tiles.place / "Lake" / "03.png").write_bytes(content)
    app.button("start-spectra").click().run()
    app = after(app, "spectra")
    assert "no longer the file that was scanned" in app.error[0].value
    assert app.button("start-spectra")


def test_a_map_is_coloured_by_class_or_part(tmp_path):
    dataset = add_dataset(make_band_tiles(tmp_path / "ms"), radiometry=make_radiometry("sentinel2"))
    add_splits(dataset, SplitRequest(name="mine"))
    app = open_box(open_page("data", data="ms"), "open-map")
    assert "map" in charts(app) and not app.exception
    for by in ("mine", "Class"):
        app.selectbox("map-color").set_value(by).run()
        assert not app.exception
    chart = next(chart for chart in app.get("plotly_chart") if chart.proto.id.endswith("map"))
    assert "Where 48 images lie, by class" in chart.proto.spec


def test_a_batch_is_drawn_with_the_settings_of_a_recipe(tiles, monkeypatch):
    monkeypatch.setattr(client, "training_batch", draw_batch)  # in this process, not in a service's
    app = open_box(open_page("data", data="tiles"), "open-batch")
    app.selectbox("batch-settings").set_value("quick").run()
    for label, step in (("Draw the first batch", 1), ("Next batch", 2)):
        assert app.button("start-batch").label == label
        app.button("start-batch").click().run()
        app = after(app, "batch")
        app.run()
        assert not app.exception and not app.error
        assert any(text.value.startswith(f"Step {step} of") for text in app.caption)


def test_the_train_page_draws_a_batch_of_its_form(tiles, monkeypatch):
    monkeypatch.setattr(client, "training_batch", draw_batch)  # in this process, not in a service's
    app = open_page("train", data="tiles")
    app.number_input("set-im_size").set_value(48)
    app.number_input("set-batch_size").set_value(7)
    app = open_box(app.run(), "open-batch")
    app.button("start-batch").click().run()
    app = after(app, "batch")
    app.run()
    assert not app.exception and not app.error
    assert any("7 images of 48 x 48 px" in text.value for text in app.caption)


def test_a_file_named_in_an_old_encoding_is_listed_with_its_reason(tmp_path):
    lake = make_tiles(tmp_path / "tiles") / "Lake"
    (lake / "00.png").rename(lake / os.fsdecode(b"h\xf6he.png"))
    add_dataset(tmp_path / "tiles")
    listed = open_page("data", data="tiles").dataframe[-1].value
    assert listed["File"].tolist() == [r"Lake/h\xf6he.png"]
    assert "not UTF-8" in listed["Reason"][0]


def test_files_that_are_not_used_are_counted_and_named(tmp_path: Path):
    place = make_tiles(tmp_path / "tiles")
    for number, title in enumerate(("1 file is not used", "2 files are not used")):
        (place / CLASSES[0] / f"letter{number}.png").write_text("no picture")
        dataset = add_dataset(place)
        app = open_page("data", data=dataset.name)
        assert [subheader.value for subheader in app.subheader] == [title]
        assert len(app.dataframe[0].value) == number + 1
