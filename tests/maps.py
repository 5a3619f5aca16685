"""Finished maps for tests of what shows, lists and packs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from rsdash.inference.scenes.record import PICTURE, PROBABILITIES, RECORD, MapRecord, MapRule, SceneRecord
from rsdash.inference.scenes.writing import write_files
from tests.tiny import CLASSES

WINDOW_PX, STRIDE_PX = 64, 32


def map_record(grid: tuple[int, int], **changes: object) -> MapRecord:
    """Of a scene with 10 m pixels in UTM; cells and areas are not counted yet.

    Args:
        grid: rows and columns.
        changes: of its fields.
    """
    scene = SceneRecord(
        path="/there/Zürich.tif",
        name="Zürich.tif",
        width=grid[1] * STRIDE_PX,
        height=grid[0] * STRIDE_PX,
        crs="EPSG:32632",
        transform=(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_300_000.0),
        pixel_m=(10.0, 10.0),
    )
    record = MapRecord(
        id="20260101-120000-0123abcd",
        made_at=1_767_268_800.0,
        run_id="20251231-000000-abcd",
        run_name="small model",
        classes=CLASSES,
        scene=scene,
        rule=MapRule(tile_m=640),
        window_px=(WINDOW_PX, WINDOW_PX),
        stride_px=(STRIDE_PX, STRIDE_PX),
        grid=grid,
        windows=81,
        skipped=3,
        unfamiliar=8,
        cells=(0,) * len(CLASSES),
        areas_m2=(0.0,) * len(CLASSES),
        temperature=1.3,
        notes=("The scene is older than the training images.",),
        seconds=3.0,
        device="cpu",
    )
    return record.model_copy(update=changes)


def random_probabilities(grid: tuple[int, int]) -> np.ndarray:
    """Float32 (rows, columns, 3); the first cell is without data."""
    shares = np.random.default_rng(0).dirichlet(np.ones(len(CLASSES)), grid).astype(np.float32)
    shares[0, 0] = np.nan
    return shares


def make_map(root: Path, grid: tuple[int, int] = (6, 9), **changes: object) -> MapRecord:
    """A finished map below `root`, which is the data folder's maps/."""
    record, probabilities = map_record(grid, **changes), random_probabilities(grid)
    folder = root / record.id
    folder.mkdir(parents=True)
    np.save(folder / PROBABILITIES, probabilities)
    Image.new("RGBA", (90, 60), (40, 120, 50, 255)).save(folder / PICTURE)
    record = write_files(folder, record, probabilities)
    (folder / RECORD).write_text(record.model_dump_json())
    return record
