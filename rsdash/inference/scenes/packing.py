"""A finished map as one zip to hand on, with a text that says what is in it and how far to believe it."""

from __future__ import annotations

import re
import shutil
import time
import zipfile
from pathlib import Path
from typing import BinaryIO

from rsdash.data.disk import require_space
from rsdash.errors import DataNotFoundError
from rsdash.files import write_atomic
from rsdash.inference.scenes.record import CLASSES, CONFIDENCE, PATCHES, RECORD, STYLE, MapRecord, Pair
from rsdash.inference.scenes.sidecars import NAMES

README = "README.txt"
MEMBERS = {
    CLASSES: "class of each cell as a number, 255 without data; a Cloud-Optimized GeoTIFF with colours",
    NAMES: "the classes' names and areas, for GDAL and QGIS; leave it beside classes.tif",
    CONFIDENCE: "calibrated probability of that class, 0 to 1, NaN without data",
    STYLE: "colours and names for QGIS; it is applied by itself when classes.tif is opened",
    PATCHES: "adjoining cells of one class as polygons, in longitude and latitude",
    RECORD: "all that is known of the map: model, scene, windows, areas, warnings",
}
"""Files of the zip in their order, with what each is; a map of too many patches has no polygons."""

_SIZES = {
    "metres": "as large as an image that the model learned from",
    "pixels": "of as many pixels as an image that the model learned from, an experiment",
}
_OPTIONAL = {PATCHES}
_STORED = ".tif"
_LONGEST_NAME = 80
_EARLIEST_S = 315_532_800
"""A zip knows no time before 1980."""


def pack(folder: Path, record: MapRecord, path: Path) -> None:
    """Zip a map. The same map gives the same zip, byte for byte.

    The record in it says the name of the scene's file, not where on this machine it was.

    Args:
        folder: of the map.
        record: of the map.
        path: the zip.

    Raises:
        DataNotFoundError: one of its files is gone.
        StorageError: the disk is full or the place cannot be written.
    """
    names = [name for name in MEMBERS if name not in _OPTIONAL or (folder / name).is_file()]
    for name in names:
        if not (folder / name).is_file():
            raise DataNotFoundError(f"{name} of the map {folder.name} is gone. Make the map again.")
    shown = record.model_copy(update={"scene": record.scene.model_copy(update={"path": record.scene.name})})
    texts = {RECORD: shown.model_dump_json(indent=1), README: readme(record, names)}
    require_space(path.parent, sum((folder / name).stat().st_size for name in names), "The zip of the map")

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name in (README, *names):
                if name in texts:
                    archive.writestr(_member(record, name), texts[name])
                else:
                    _add(archive, _member(record, name), folder / name)

    write_atomic(path, write)


def pack_name(record: MapRecord) -> str:
    """The scene's name as one that any system takes as a folder: letters, digits, dots, dashes."""
    plain = re.sub(r"[^\w.-]+", "-", Path(record.scene.name).stem).strip(".-")[:_LONGEST_NAME]
    return f"{plain or 'scene'}-map"


def readme(record: MapRecord, names: list[str]) -> str:
    """What the files are, what the map was made of, and how far to believe it.

    Args:
        record: of the map.
        names: files that are there.
    """
    wide = max(map(len, names)) + 2
    lines = [
        f"Class map of {record.scene.name}",
        "",
        f"Model: {record.run_name} ({record.run_id})",
        f"Made: {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(record.made_at))} with rsdash",
        f"Cells: {record.grid[0]:,} rows x {record.grid[1]:,} columns, "
        f"one every {_on_ground(record, record.stride_px)} (the stride of the windows)",
        f"Windows: {_on_ground(record, record.window_px)}, {_SIZES[record.rule.windows]}",
        "",
        "Files",
        *(f"  {name:<{wide}}{MEMBERS[name]}" for name in names),
        "",
        "How far to believe it",
        f"  - The model tells what a whole window shows. A patch much smaller than a window, "
        f"{_on_ground(record, record.window_px)},",
        "    is not to be believed, though cells are smaller. Borders are as uncertain as that.",
        "  - Confidence is the model's own. It says little about land that is unlike its training images.",
        "  - Areas counted from a map are biased by its errors, and those of narrow things such as roads and",
        "    rivers are areas of windows, not of the thing. For areas with honest intervals, check a",
        "    probability sample of places by eye or in the field and estimate from it: Olofsson et al. 2014,",
        "    Remote Sensing of Environment 148, 42-57, https://doi.org/10.1016/j.rse.2014.02.015",
    ]
    if record.notes:
        lines += ["", "Notes", *(f"  - {note}" for note in record.notes)]
    return "\n".join(lines) + "\n"


def _on_ground(record: MapRecord, size_px: Pair) -> str:
    """`640 x 640 m`: width and height of so many pixels of the scene."""
    width_m, height_m = (count * side_m for count, side_m in zip(size_px, record.scene.pixel_m, strict=True))
    return f"{width_m:,.4g} x {height_m:,.4g} m"


def _member(record: MapRecord, name: str) -> zipfile.ZipInfo:
    made_at = time.gmtime(max(record.made_at, _EARLIEST_S))
    member = zipfile.ZipInfo(f"{pack_name(record)}/{name}", made_at[:6])
    member.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _add(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    member.file_size = path.stat().st_size  # above 2 GB it asks for another kind of zip
    with path.open("rb") as source, archive.open(member, "w") as target:
        shutil.copyfileobj(source, target, 2**20)
