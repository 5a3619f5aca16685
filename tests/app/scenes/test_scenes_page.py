"""The Scenes page: a form where there is a model, maps made before, and what is said of one that is gone."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsdash.home import PROJECT_DIR
from rsdash.inference.scenes.record import CLASSES as LABELS
from rsdash.inference.scenes.record import RECORD
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.ui.scenes import picture
from tests.app.opening import open_page
from tests.app.scenes.form import choose, keys
from tests.app.ticking import tick
from tests.maps import make_map
from tests.tiny import CLASSES, make_run

OLD, NEW = "20260101-120000-0123abcd", "20260102-120000-00000000"


def test_without_a_model_it_says_what_to_do_next(runs_dir: Path) -> None:
    make_run(runs_dir, state=RunState.FAILED)
    app = open_page("scenes")
    assert [title.value for title in app.title] == ["Scenes"]
    assert any("No trained model yet" in info.value for info in app.info)
    assert [link.proto.label for link in app.get("page_link")][-1] == "Train a model"
    assert not app.dataframe and "map-stride" not in keys(app, "select_slider")


def test_the_form_asks_for_the_size_of_a_tile_and_tells_of_the_scene(run: RunFolder, scene: Path) -> None:
    app = choose(open_page("scenes"), scene, tile_m=None)
    assert any("how large the training tiles are" in info.value for info in app.info)
    assert any("288 x 192 px of 10 x 10 m, 3 bands of uint8" in text.value for text in app.caption)
    assert not [button for button in app.button if button.label == "Map the scene"]
    app = choose(app, scene)
    assert [button for button in app.button if button.label == "Map the scene"]


def test_a_place_without_a_scene_is_one_sentence(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    for name, sentence in (("nowhere.tif", "nowhere"), ("text.tif", "not a GeoTIFF")):
        app = choose(open_page("scenes"), tmp_path / name, tile_m=None)
        (error,) = app.error
        assert sentence in error.value.replace("\\", "")


def test_only_below_the_roots_scenes_are_read(run, scene, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RSDASH_ROOTS", str(tmp_path / "open"))
    app = choose(open_page("scenes"), scene, tile_m=None)
    assert "may not be read" in app.error[0].value


def test_a_dropped_scene_outlives_a_reload(run: RunFolder, scene: Path) -> None:
    app = open_page("scenes")
    app.file_uploader(key="map-scene-file").upload("my scene.tif", scene.read_bytes(), "image/tiff")
    app.run()
    token = app.query_params["scene"]
    again = open_page("scenes", scene=token[0] if isinstance(token, list) else token)
    assert any("my-scene.tif: 288 x 192 px" in text.value.replace("\\", "") for text in again.caption)
    strange = open_page("scenes", scene="../../etc")
    assert "scene" not in strange.query_params and not strange.error


def test_a_dropped_scene_outlives_other_pages_until_it_is_taken_away(run: RunFolder, scene: Path) -> None:
    app = open_page("scenes")
    app.file_uploader(key="map-scene-file").upload("county.tif", scene.read_bytes(), "image/tiff").run()
    app.segmented_control(key="scene-from").set_value("On this machine").run()
    app.segmented_control(key="scene-from").set_value("Drop a GeoTIFF").run()
    assert any("county.tif: 288 x 192 px" in text.value.replace("\\", "") for text in app.caption)
    app.switch_page(str(PROJECT_DIR / "pages" / "overview.py")).run()
    app.switch_page(str(PROJECT_DIR / "pages" / "scenes.py")).run()
    assert any("county.tif: 288 x 192 px" in text.value.replace("\\", "") for text in app.caption)
    app.file_uploader(key="map-scene-file").upload("town.tif", scene.read_bytes(), "image/tiff").run()
    assert any("town.tif: 288 x 192 px" in text.value.replace("\\", "") for text in app.caption)
    app.file_uploader(key="map-scene-file").clear().run()
    assert not any("288 x 192 px" in text.value for text in app.caption)
    assert not app.exception and "scene" not in app.query_params


def test_a_map_of_the_link_is_shown_with_areas_and_files(maps: Path) -> None:
    make_map(maps, id=OLD)
    make_map(maps, id=NEW)
    app = open_page("scenes", map=NEW)
    areas = next(table.value.to_dict("list") for table in app.dataframe if "Area (km²)" in table.value)
    # UTM's scale on the central meridian is 0.9996; the first cell is without data
    assert sum(areas["Area (km²)"]) == pytest.approx(53 * 0.32**2 / 0.9996**2, rel=1e-3)
    assert sum(areas["Cells"]) == 53 and set(areas["Class"]) == set(CLASSES)
    assert areas["Area (km²)"] == sorted(areas["Area (km²)"], reverse=True)
    shares, whole = areas["Share"], sum(areas["Share"])
    assert [share / whole for share in shares] == pytest.approx([n / 53 for n in areas["Cells"]], rel=1e-3)
    assert any("older than the training images" in warning.value for warning in app.warning)
    words = " ".join(text.value for text in app.caption)
    assert "One cell every 320 m" in words and "3 more were skipped" in words and "640 m" in words
    assert "10 % of the windows are unlike" in words  # 8 of 81
    assert "Download all files" in [button.proto.label for button in app.get("download_button")]
    earlier = next(table.value for table in app.dataframe if "Scene" in table.value)
    assert len(earlier) == 2 and earlier["Stride (m)"].tolist() == [320, 320]


def test_the_map_and_its_table_name_the_same_shares_of_the_area(maps: Path, monkeypatch) -> None:
    areas = {"cells": (30, 20, 4), "areas_m2": (1e6, 5e6, 4e6)}  # many cells of the first lie on the edge
    record = make_map(maps, id=NEW).model_copy(update=areas)
    (maps / NEW / RECORD).write_text(record.model_dump_json())
    drawn: list[dict[str, Any]] = []

    def mount(*, data: dict[str, Any], **_: object) -> SimpleNamespace:
        drawn.append(data)
        return SimpleNamespace(picked=None)

    monkeypatch.setattr(picture, "_mount", mount)
    app = open_page("scenes", map=NEW)
    table = next(table.value for table in app.dataframe if "Area (km²)" in table.value)
    assert table["Share"].tolist() == [50.0, 40.0, 10.0]
    assert drawn[0]["shares"] == ["10.0 %", "50.0 %", "40.0 %"] and drawn[0]["present"] == [1, 2, 0]
    assert drawn[0]["title"] == f"Mostly {CLASSES[1]} (50.0 %) and {CLASSES[2]} (40.0 %)"
    assert drawn[0]["title"].removeprefix("Mostly") in drawn[0]["alt"]


def test_deleted_a_map_is_gone_and_the_page_goes_on(maps: Path) -> None:
    for name in (OLD, NEW):
        make_map(maps, id=name)
    app = open_page("scenes", map=NEW)
    app.button(key="delete-map-now").click().run()
    assert not app.exception and "map" not in app.query_params
    assert [path.name for path in maps.iterdir()] == [OLD]
    assert not app.get("download_button") and len(app.dataframe) == 1


def test_a_ticked_map_is_shown_and_the_back_button_shows_the_one_before(maps: Path) -> None:
    for name in (OLD, NEW):
        make_map(maps, id=name)
    app = open_page("scenes", map=OLD)
    (number,) = (place for place, table in enumerate(app.dataframe) if "Scene" in table.value)
    tick(app, number, 0)
    assert NEW in app.query_params["map"]
    app.query_params["map"] = OLD
    app.run()
    assert not app.exception and OLD in app.query_params["map"]


@pytest.mark.parametrize("name", ["20200101-000000-00000000", "../../etc", "<b>x</b>"])
def test_a_map_that_is_not_there_is_a_warning(maps: Path, name: str) -> None:
    make_map(maps, id=OLD)
    app = open_page("scenes", map=name)
    (warning,) = app.warning
    assert "There is no map" in warning.value
    assert "map" not in app.query_params and len(app.dataframe) == 1


def test_a_map_whose_files_are_gone_is_one_sentence(maps: Path) -> None:
    make_map(maps, id=OLD)
    (maps / OLD / LABELS).unlink()
    app = open_page("scenes", map=OLD)
    assert any("is damaged" in error.value for error in app.error)
    shutil.rmtree(maps / OLD)
    assert any("There is no map" in warning.value for warning in open_page("scenes", map=OLD).warning)
