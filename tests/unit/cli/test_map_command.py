"""`map`: a scene in, a zip or rasters out; what cannot be mapped is one sentence and exit code 2."""

from __future__ import annotations

import errno
import json
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from rsdash.home import maps_dir
from tests.conftest import Command
from tests.scenes import write_scene
from tests.tiny import CLASSES, draw_tile


@pytest.fixture
def ask(ask_trained: Command, data_place: Path) -> Command:
    """Run `map` with the trained run: exit code, output, errors."""
    return partial(ask_trained, "map")


def strips() -> np.ndarray:
    """Four tiles of each class above each other, uint8 (128, 96, 3)."""
    rows = [np.concatenate([draw_tile(label, row) for label in (0, 1, 2)], axis=1) for row in range(4)]
    return np.concatenate(rows)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "my scene.tif", strips())


def test_a_zip_holds_all_files_and_the_areas_are_told(scene: Path, tmp_path: Path, ask: Command) -> None:
    out = tmp_path / "new" / "map.zip"
    code, output, errors = ask(scene, "--out", out, "--tile-m", "320", "--stride", "1", "--no-blend")
    assert (code, errors) == (0, "")
    with zipfile.ZipFile(out) as archive:
        names = {Path(name).name for name in archive.namelist()}
    assert {"classes.tif", "confidence.tif", "patches.geojson", "map.json", "README.txt"} <= names
    *areas, last = output.splitlines()
    shares = {line.split(":")[0]: line for line in areas}
    assert set(shares) <= set(CLASSES) and "km²" in areas[0]
    assert "4 x 3 cells, one every 320 m" in last and "about 320 m. 12 windows" in last
    assert len(list(maps_dir().iterdir())) == 1


def test_a_tif_holds_the_classes_with_the_others_beside(scene: Path, tmp_path: Path, ask: Command) -> None:
    (tmp_path / "out").mkdir()
    code, output, _ = ask(scene, "--out", tmp_path / "out" / "m.tif", "--tile-m", "320", "--json")
    record = json.loads(output)
    assert code == 0 and record["grid"] == [8, 6] and sum(record["cells"]) == 48
    names = ["m-confidence.tif", "m.geojson", "m.qml", "m.tif", "m.tif.aux.xml"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    with rasterio.open(tmp_path / "out" / "m.tif") as raster:
        found = raster.read(1)
    assert np.bincount(found.ravel(), minlength=3).tolist() == record["cells"]
    truth = np.repeat([[0, 0, 1, 1, 2, 2]], 8, axis=0)
    assert (found == truth).mean() > 0.75


def test_what_an_earlier_map_left_beside_is_no_part_of_a_new_one(scene, tmp_path, ask, monkeypatch) -> None:
    for name in ("m.tif", "m.geojson"):
        (tmp_path / name).write_text("of an earlier map")
    monkeypatch.setattr("rsdash.inference.scenes.joining.MOST_PATCHES", 0)
    code, output, _ = ask(scene, "--out", tmp_path / "m.tif", "--tile-m", "320")
    assert code == 0 and "too many for a file of polygons" in output
    assert not (tmp_path / "m.geojson").exists()


@pytest.mark.parametrize("name", ["m-confidence.tif", "m.tif"])
def test_the_scene_is_not_written_over(scene: Path, ask: Command, name: str) -> None:
    scene = scene.rename(scene.parent / name)
    before = scene.read_bytes()
    code, _, errors = ask(scene, "--out", scene.parent / "." / "m.tif", "--tile-m", "320")
    assert code == 2 and f"would write over the scene itself, {scene}" in errors
    assert scene.read_bytes() == before


@pytest.mark.parametrize("name", ["m-confidence.tif", "m.geojson", "m.qml"])
def test_a_file_that_is_of_no_map_is_neither_written_over_nor_deleted(
    scene: Path, tmp_path: Path, ask: Command, name: str
) -> None:
    own = tmp_path / name
    own.write_text("my own")
    code, _, errors = ask(scene, "--out", tmp_path / "m.tif", "--tile-m", "320")
    assert code == 2 and len(errors.splitlines()) == 1
    assert f"would write over {own}, which is of no earlier map" in errors
    assert own.read_text() == "my own" and not (tmp_path / "m.tif").exists()


def test_a_map_that_cannot_be_handed_out_was_begun(
    scene: Path, tmp_path: Path, ask: Command, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rsdash.inference.scenes.packing.pack", full)
    code, output, errors = ask(scene, "--out", tmp_path / "m.zip", "--tile-m", "320")
    assert (code, output) == (1, "") and len(errors.splitlines()) == 1
    code, _, _ = ask(scene, "--out", tmp_path / "m.png", "--tile-m", "320")
    assert code == 2


def coarse(path: Path) -> Path:
    """As rasterio's RGB.byte.tif: UTM 18 N, pixels of 300.04 x 300.04 m."""
    place = Affine(300.0379, 0, 101_985, 0, -300.0418, 2_826_915)
    return write_scene(path, np.tile(strips(), (2, 3, 1)), crs="EPSG:32618", transform=place)


def test_a_scene_of_300_m_is_refused_with_both_pixel_sizes(tmp_path: Path, ask: Command) -> None:
    scene = coarse(tmp_path / "RGB.byte.tif")
    code, output, errors = ask(scene, "--out", tmp_path / "m.zip", "--tile-m", "320")
    assert (code, output) == (2, "")
    assert "pixels of 300 m" in errors and "trained on pixels of 10 m" in errors and "RGB.byte.tif" in errors
    code, output, _ = ask(scene, "--out", tmp_path / "m.zip", "--windows", "pixels")
    assert code == 0 and "an experiment" in output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("scene", "--out", "m.zip"), "Give the side of a tile in metres"),
        (("scene", "--out", "m.png", "--tile-m", "320"), "must end in .zip or .tif"),
        (("scene", "--out", "m.zip", "--stride", "0"), "stride=0.0 cannot be used: Input should be greater"),
        (("scene", "--out", "m.zip", "--stride", "1.5"), "stride=1.5 cannot be used: Input should be less"),
        (("scene", "--out", "m.zip", "--stride", "nan"), "stride=nan"),
        (
            ("scene", "--out", "m.zip", "--tile-m", "-1"),
            "tile_m=-1.0 cannot be used: Input should be greater",
        ),
        (("scene", "--out", "m.zip", "--max-nodata", "2"), "cannot be used: Input should be less than"),
        (("scene", "--out", "m.zip", "--bands", "B04"), "needs --radiometry"),
        (("text", "--out", "m.zip", "--tile-m", "320"), "text.tif is not a GeoTIFF"),
        (("nowhere", "--out", "m.zip", "--tile-m", "320"), "There is no scene at"),
        (("adrift", "--out", "m.zip", "--tile-m", "320"), "adrift.tif does not say where on Earth it lies"),
        (("scene", "--out", "m.zip", "--tile-m", "3200"), "less than one window of 320 x 320 px"),
        (("deep", "--out", "m.zip", "--tile-m", "320"), "deep.tif holds uint16 numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # adrift.tif shall be so
def test_what_cannot_be_mapped_is_one_sentence(
    tmp_path: Path, ask: Command, words: tuple[str, ...], sentence: str
) -> None:
    write_scene(tmp_path / "scene.tif", strips())
    write_scene(tmp_path / "deep.tif", strips().astype(np.uint16))
    write_scene(tmp_path / "adrift.tif", strips(), crs=None, transform=Affine.identity())
    (tmp_path / "text.tif").write_text("no raster")
    name, option, out, *others = words
    code, output, errors = ask(tmp_path / f"{name}.tif", option, tmp_path / out, *others)
    assert (code, output) == (2, "") and sentence in " ".join(errors.split())
    assert "Traceback" not in errors and len(errors.strip().splitlines()) == 1
    assert not (tmp_path / out).exists() and not list(maps_dir().glob("*"))
