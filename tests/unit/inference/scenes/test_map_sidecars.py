from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio

from rsdash.inference.scenes.rasters import write_rasters
from rsdash.inference.scenes.sidecars import category_names, qgis_style, write_sidecars
from rsdash.palette import class_color

NAMES = ('Annual & "perennial" <crop>', "Forêt 森", "]]>", "--><!--", "&amp;", "'", " two  blanks ", "")
UNWRITABLE = ("nul\0", "bell\x07", "half\udcff", "tab\x0b", "\ufffe")


def style_labels(text: str) -> list[str]:
    return [entry.attrib["label"] for entry in ElementTree.fromstring(text).iter("paletteEntry")]


def categories(text: str) -> list[str]:
    return [entry.text or "" for entry in ElementTree.fromstring(text).iter("Category")]


def names_of(classes: tuple[str, ...]) -> str:
    return category_names(classes, cells=[7] * len(classes), areas_m2=[0.5] * len(classes))


def test_names_come_back_as_they_were() -> None:
    assert categories(names_of(NAMES)) == list(NAMES)
    assert style_labels(qgis_style(NAMES)) == list(NAMES)


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_xml_cannot_hold_is_marked_and_breaks_nothing(name: str) -> None:
    for found in (categories(names_of((name,))), style_labels(qgis_style((name,)))):
        assert found[0].count("\ufffd") == 1 and len(found[0]) == len(name)


def test_the_style_gives_each_label_its_colour_and_draws_nothing_else() -> None:
    root = ElementTree.fromstring(qgis_style([f"class {label}" for label in range(45)]))
    renderer = root.find("pipe/rasterrenderer")
    assert renderer is not None and renderer.attrib["type"] == "paletted" and renderer.attrib["band"] == "1"
    entries = [(entry.attrib["value"], entry.attrib["color"]) for entry in root.iter("paletteEntry")]
    assert entries == [(str(label), class_color(label)) for label in range(45)]


def test_the_table_tells_label_name_colour_cells_and_area() -> None:
    text = category_names(["Forest", "Sea"], cells=[12, 3_000_000_000], areas_m2=[1.5, 2e12])
    table = ElementTree.fromstring(text).find("PAMRasterBand/GDALRasterAttributeTable")
    assert table is not None
    titles = [field.findtext("Name") for field in table.iter("FieldDefn")]
    rows = [[value.text for value in row] for row in table.iter("Row")]
    assert titles == ["Value", "Class", "Red", "Green", "Blue", "Cells", "Area_m2"]
    assert rows[0] == ["0", "Forest", "201", "162", "39", "12", "1.5"]
    assert rows[1][-2:] == ["3000000000", "2000000000000.0"]


def test_gdal_reads_names_colours_and_table(tmp_path: Path) -> None:
    if not shutil.which("gdalinfo"):
        pytest.skip("gdalinfo is not installed")
    probabilities = np.full((4, 4, 2), (0.3, 0.7), np.float32)
    place = (320.0, 0.0, 500_000.0, 0.0, -320.0, 5_300_000.0)
    write_rasters(probabilities, tmp_path, crs="EPSG:32632", transform=place, temperature=1)
    write_sidecars(tmp_path, ["Crop <& pasture>", "Forêt"], cells=[0, 16], areas_m2=[0, 16 * 320.0**2])
    done = subprocess.run(
        ["gdalinfo", str(tmp_path / "classes.tif")], capture_output=True, text=True, check=True, timeout=60
    )
    assert "ERROR" not in done.stderr + done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "0: Crop <& pasture>" in lines and "1: Forêt" in lines
    assert "0: 201,162,39,255" in lines and "1: 31,111,61,255" in lines
    assert lines.count("<F>Forêt</F>") == 1 and "<F>1638400</F>" in lines


def test_the_raster_opens_as_before_beside_its_names(tmp_path: Path) -> None:
    probabilities = np.full((4, 4, 2), (0.3, 0.7), np.float32)
    place = (320.0, 0.0, 500_000.0, 0.0, -320.0, 5_300_000.0)
    write_rasters(probabilities, tmp_path, crs="EPSG:32632", transform=place, temperature=1)
    write_sidecars(tmp_path, ["a", "b"], cells=[0, 16], areas_m2=[0, 1])
    with rasterio.open(tmp_path / "classes.tif") as raster:
        assert sorted(Path(name).name for name in raster.files) == ["classes.tif", "classes.tif.aux.xml"]
        assert raster.nodata == 255 and (raster.read(1) == 1).all() and raster.transform[:6] == place
