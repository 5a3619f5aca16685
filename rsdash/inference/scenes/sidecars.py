"""Names and colours of a map's classes for other programs: GDAL's .aux.xml and a style of QGIS.

A GeoTIFF has no room for class names. GDAL, and QGIS through it, looks for them in a file beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from rsdash.files import write_text
from rsdash.inference.scenes.record import CLASSES, STYLE
from rsdash.palette import class_color, class_rgb

NAMES = f"{CLASSES}.aux.xml"
QGIS_VERSION = "3.22.0"
"""Oldest QGIS that the style was tried with."""

_WHOLE, _REAL, _TEXT = "0", "1", "2"
_FIELDS = (
    ("Value", _WHOLE, "5"),
    ("Class", _TEXT, "2"),
    ("Red", _WHOLE, "6"),
    ("Green", _WHOLE, "7"),
    ("Blue", _WHOLE, "8"),
    ("Cells", _WHOLE, "1"),
    ("Area_m2", _REAL, "0"),
)
"""Name, type and usage of a column of the attribute table, as numbered in GDAL's gdal.h."""
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to hold: control characters and halves of surrogate pairs."""


def write_sidecars(
    folder: Path, classes: Sequence[str], *, cells: Sequence[int], areas_m2: Sequence[float]
) -> None:
    """Write `classes.tif.aux.xml` and `classes.qml` beside `classes.tif`.

    Args:
        folder: of the map.
        classes: names in label order.
        cells: of each class.
        areas_m2: of each class on the ground.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    write_text(folder / NAMES, category_names(classes, cells=cells, areas_m2=areas_m2))
    write_text(folder / STYLE, qgis_style(classes))


def category_names(classes: Sequence[str], *, cells: Sequence[int], areas_m2: Sequence[float]) -> str:
    """Class names and a table of the classes, as XML of GDAL's persistent auxiliary metadata."""
    root = Element("PAMDataset")
    band = SubElement(root, "PAMRasterBand", band="1")
    categories = SubElement(band, "CategoryNames")
    for name in classes:
        SubElement(categories, "Category").text = _writable(name)
    table = SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, (title, kind, usage) in enumerate(_FIELDS):
        field = SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", title), ("Type", kind), ("Usage", usage)):
            SubElement(field, tag).text = text
    for label, (name, count, area_m2) in enumerate(zip(classes, cells, areas_m2, strict=True)):
        row = SubElement(table, "Row", index=str(label))
        for value in (label, _writable(name), *class_rgb(label), count, f"{area_m2:.1f}"):
            SubElement(row, "F").text = str(value)
    return _as_text(root)


def qgis_style(classes: Sequence[str]) -> str:
    """A paletted style; what has no entry, such as a cell without data, is not drawn."""
    root = Element("qgis", version=QGIS_VERSION, styleCategories="Symbology")
    pipe = SubElement(root, "pipe")
    renderer = SubElement(
        pipe, "rasterrenderer", type="paletted", band="1", opacity="1", alphaBand="-1", nodataColor=""
    )
    SubElement(renderer, "rasterTransparency")
    palette = SubElement(renderer, "colorPalette")
    for label, name in enumerate(classes):
        SubElement(
            palette,
            "paletteEntry",
            value=str(label),
            color=class_color(label),
            alpha="255",
            label=_writable(name),
        )
    SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    SubElement(pipe, "rasterresampler", maxOversampling="2")
    SubElement(root, "blendMode").text = "0"
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + _as_text(root)


def _writable(name: str) -> str:
    return _UNWRITABLE.sub("\ufffd", name)


def _as_text(root: Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
