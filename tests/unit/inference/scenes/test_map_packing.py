from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsdash.errors import DataNotFoundError
from rsdash.inference.scenes.packing import pack, pack_name
from rsdash.inference.scenes.patches import write_patches
from rsdash.inference.scenes.rasters import write_rasters
from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.inference.scenes.sidecars import write_sidecars
from tests.maps import map_record

SECRET = "/home/somebody/private"


def record_of(name: str = "Zürich 2023.tif", **changes: object) -> MapRecord:
    place = {"path": f"{SECRET}/{name}", "name": name, "pixel_m": (10.0, 10.004)}
    scene = map_record((10, 10)).scene.model_copy(update=place)
    counted = {"classes": ("Forest", "Sea"), "cells": (60, 40), "areas_m2": (1.0, 2.0), "unfamiliar": 2}
    return map_record((10, 10), **{"scene": scene, "run_name": "Sentinel model", **counted, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished map of a hundred cells."""
    folder, record = tmp_path / "map", record_of()
    folder.mkdir()
    probabilities = np.full((10, 10, 2), (0.8, 0.2), np.float32)
    probabilities[:, 6:] = (0.1, 0.9)
    write_rasters(probabilities, folder, crs="EPSG:32632", transform=record.cell_transform, temperature=1.3)
    write_sidecars(folder, record.classes, cells=record.cells, areas_m2=record.areas_m2)
    write_patches(folder, record.classes)
    (folder / "map.json").write_text(record.model_dump_json())
    (folder / "probabilities.npy").write_bytes(b"large")
    return folder


def text_of(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"Zürich-2023-map/{name}").decode()


def test_the_zip_has_all_that_others_need_in_a_folder_of_the_scenes_name(
    folder: Path, tmp_path: Path
) -> None:
    pack(folder, record_of(), tmp_path / "map.zip")
    with zipfile.ZipFile(tmp_path / "map.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    inside = "README.txt classes.tif classes.tif.aux.xml confidence.tif classes.qml patches.geojson map.json"
    assert names == [f"Zürich-2023-map/{name}" for name in inside.split()]


def test_the_rasters_open_after_unpacking_as_they_were(folder: Path, tmp_path: Path) -> None:
    pack(folder, record_of(), tmp_path / "map.zip")
    with zipfile.ZipFile(tmp_path / "map.zip") as archive:
        archive.extractall(tmp_path / "out")
    out = tmp_path / "out" / "Zürich-2023-map"
    for name in ("classes.tif", "confidence.tif", "classes.tif.aux.xml", "classes.qml", "patches.geojson"):
        assert (out / name).read_bytes() == (folder / name).read_bytes()
    with rasterio.open(out / "classes.tif") as raster:
        assert raster.read(1)[0].tolist() == [0] * 6 + [1] * 4


def test_the_same_map_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("first.zip", "second.zip"):
        pack(folder, record_of(), tmp_path / name)
        (folder / "classes.qml").touch()
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_where_the_scene_was_on_this_machine_stays_here(folder: Path, tmp_path: Path) -> None:
    pack(folder, record_of(), tmp_path / "map.zip")
    with zipfile.ZipFile(tmp_path / "map.zip") as archive:
        assert all(SECRET.encode() not in archive.read(name) for name in archive.namelist())
    shown = MapRecord.model_validate_json(text_of(tmp_path / "map.zip", "map.json"))
    assert shown.scene.path == "Zürich 2023.tif" and shown.cells == (60, 40)


def test_the_text_says_how_far_to_believe_the_map(folder: Path, tmp_path: Path) -> None:
    pack(folder, record_of(), tmp_path / "map.zip")
    text = text_of(tmp_path / "map.zip", "README.txt")
    assert "Model: Sentinel model" in text and "Class map of Zürich 2023.tif" in text
    assert "one every 320 x 320.1 m (the stride of the windows)" in text
    assert "A patch much smaller than a window, 640 x 640.3 m" in text
    assert "https://doi.org/10.1016/j.rse.2014.02.015" in text and "biased" in text
    assert "The scene is older than the training images." in text
    assert all(name in text for name in ("classes.tif.aux.xml", "patches.geojson", "map.json"))


def test_windows_in_pixels_are_called_an_experiment(folder: Path, tmp_path: Path) -> None:
    pack(folder, record_of(rule=MapRule(windows="pixels")), tmp_path / "map.zip")
    assert "an experiment" in text_of(tmp_path / "map.zip", "README.txt")


def test_a_map_of_too_many_patches_is_packed_without_them(folder: Path, tmp_path: Path) -> None:
    (folder / "patches.geojson").unlink()
    pack(folder, record_of(), tmp_path / "map.zip")
    with zipfile.ZipFile(tmp_path / "map.zip") as archive:
        assert not [name for name in archive.namelist() if "patches" in name]
    assert "patches.geojson" not in text_of(tmp_path / "map.zip", "README.txt")


def test_a_map_that_lost_a_raster_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (folder / "confidence.tif").unlink()
    with pytest.raises(DataNotFoundError, match=r"confidence.tif of the map map is gone"):
        pack(folder, record_of(), tmp_path / "map.zip")
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize(
    ("scene", "name"),
    [
        ("T32TMT.tif", "T32TMT-map"),
        ("../../etc/passwd", "passwd-map"),
        ("..", "scene-map"),
        ("a b\\c:d.tiff", "a-b-c-d-map"),
        ("森.tif", "森-map"),
        ("x" * 300 + ".tif", "x" * 80 + "-map"),
    ],
)
def test_the_folder_has_a_name_that_any_system_takes(scene: str, name: str) -> None:
    assert pack_name(record_of(scene)) == name


def test_a_clock_that_stood_at_zero_does_not_stop_the_zip(folder: Path, tmp_path: Path) -> None:
    pack(folder, record_of(made_at=0.0), tmp_path / "map.zip")
    assert json.loads(text_of(tmp_path / "map.zip", "map.json"))["made_at"] == 0
