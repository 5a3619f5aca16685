"""All files of a finished map, from the probabilities of its cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio

from rsdash.errors import DataError
from rsdash.inference.scenes.areas import areas_on_scene, class_areas_m2
from rsdash.inference.scenes.patches import write_patches
from rsdash.inference.scenes.rasters import write_rasters
from rsdash.inference.scenes.record import CLASSES, MapRecord, Say, say_nothing
from rsdash.inference.scenes.sidecars import write_sidecars


def write_files(
    folder: Path, record: MapRecord, probabilities: np.ndarray, say: Say = say_nothing
) -> MapRecord:
    """Write rasters, names, colours and polygons.

    Args:
        folder: where they go.
        record: of the map, its cells and areas not counted yet.
        probabilities: float32 (rows, columns, K), NaN without data.
        say: hears which file is written; where it raises, it is the end.

    Returns:
        The record with its cells and areas, and a note where there are too many polygons to write.

    Raises:
        StorageError: the disk is full.
    """
    crs, transform = record.scene.crs, record.cell_transform
    counts = write_rasters(
        probabilities, folder, crs=crs, transform=transform, temperature=record.temperature, say=say
    )
    cells = tuple(counts.sum(axis=0).tolist())
    with rasterio.open(folder / CLASSES) as raster:
        last_column = raster.read(1, window=((0, raster.height), (raster.width - 1, raster.width)))[:, 0]
    on_ground = areas_on_scene(crs, transform, record.grid, record.on_scene)
    areas = class_areas_m2(counts, last_column, on_ground)
    write_sidecars(folder, record.classes, cells=cells, areas_m2=areas)
    notes = record.notes
    try:
        write_patches(folder, record.classes, on_scene=record.on_scene, say=say)
    except DataError as error:
        notes = (*notes, str(error))
    return record.model_copy(update={"cells": cells, "areas_m2": areas, "notes": notes})
