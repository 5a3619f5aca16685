"""What is asked of a map and what is known of a finished one; no torch, no GDAL.

A map is a folder of its own in `maps/` of the data folder:

    map.json            MapRecord; written last, so that a folder without it is no map
    classes.tif         Cloud-Optimized GeoTIFF: label of each cell, 255 without data; names in the .aux.xml
    confidence.tif      the same, float32 from 0 to 1, NaN without data
    classes.qml         colours and names for QGIS
    patches.geojson     adjoining cells of one class as a polygon, longitude and latitude
    probabilities.npy   float32 (rows, columns, K), NaN without data; for a look at single points
    scene.webp          the scene as a person sees it, small
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rsdash.config import Radiometry, validated
from rsdash.inference.results import Step

RECORD, CLASSES, CONFIDENCE, STYLE = "map.json", "classes.tif", "confidence.tif", "classes.qml"
PATCHES, PROBABILITIES, PICTURE = "patches.geojson", "probabilities.npy", "scene.webp"
NO_CLASS = 255
"""Label of a cell without data."""
MOST_CLASSES = 255

Say = Callable[[str], None]
"""Takes in words what a map is at; it may raise to end the work."""

Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(gt=0)]
Pair = tuple[int, int]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MapRule(_Record):
    """How a scene is mapped.

    Attributes:
        tile_m: side of a training tile on the ground, metres; None for what the model's data set says.
        windows: metres lays windows of the size that training tiles have on the ground; pixels lays windows
            of as many pixels, whatever they measure, which is an experiment.
        stride: share of a window from one to the next.
        blend: overlapping windows are averaged, those whose middle is near weigh more (Hann); else each
            cell is told by the one window whose middle is nearest.
        max_nodata: share of a window's pixels that may be without data.
        radiometry: how the numbers of the scene become values; None for the way of the training images.
    """

    tile_m: Metres | None = None
    windows: Literal["metres", "pixels"] = "metres"
    stride: Annotated[float, Field(gt=0, le=1)] = 0.5
    blend: bool = True
    max_nodata: Share = 0.25
    radiometry: Radiometry | None = None


def say_nothing(words: str) -> None:
    """For work that nobody follows."""


def make_rule(values: Mapping[str, Any]) -> MapRule:
    """Build a rule from values that may come from anybody.

    Raises:
        ConfigError: one sentence that names the value and what is allowed.
    """
    return validated(MapRule, values, what="rule")


class MapStep(Step):
    """How far a map is.

    Attributes:
        done: windows that were looked at.
        total: of all; 0 while that is not known.
        words: what is done before and after the windows; empty while they are looked at.
    """

    words: str = ""


class SceneRecord(_Record):
    """The scene that was mapped.

    Attributes:
        path: where it was.
        name: of its file.
        width: px.
        height: px.
        crs: coordinate reference system, as WKT.
        transform: the six numbers of its affine transform, in rasterio's order.
        pixel_m: width and height of a pixel on the ground in the middle of the scene, metres.
    """

    path: str
    name: str
    width: int
    height: int
    crs: str
    transform: tuple[float, float, float, float, float, float]
    pixel_m: tuple[float, float]


class MapRecord(_Record):
    """A finished map.

    Attributes:
        id: name of its folder.
        made_at: seconds since 1970.
        run_id: the run whose model made it.
        run_name: what that run was called.
        classes: class names in label order.
        scene: what was mapped.
        rule: how, with everything that was left open filled in.
        window_px: width and height of a window in pixels of the scene.
        stride_px: from one cell of the result to the next, in pixels of the scene.
        grid: rows and columns of the result.
        windows: windows that were predicted.
        skipped: windows with too much missing.
        unfamiliar: predicted windows that are unlike anything in training; None where that is not known.
        cells: cells of each class.
        areas_m2: area of each class on the ground.
        temperature: that confidence was corrected with.
        notes: sentences of warning.
        seconds: that it took.
        device: that predicted.
    """

    id: str
    made_at: float
    run_id: str
    run_name: str
    classes: tuple[str, ...]
    scene: SceneRecord
    rule: MapRule
    window_px: Pair
    stride_px: Pair
    grid: Pair
    windows: int
    skipped: int
    unfamiliar: int | None
    cells: tuple[int, ...]
    areas_m2: tuple[float, ...]
    temperature: float
    notes: tuple[str, ...]
    seconds: float
    device: str

    @property
    def cell_transform(self) -> tuple[float, float, float, float, float, float]:
        """The affine transform of the result: that of the scene with larger pixels."""
        a, b, c, d, e, f = self.scene.transform
        columns, rows = self.stride_px
        return (a * columns, b * rows, c, d * columns, e * rows, f)

    @property
    def on_scene(self) -> tuple[float, float]:
        """Share of the last row and of the last column of cells that lies on the scene."""
        rows, columns = self.grid
        across_px, down_px = self.stride_px
        return self.scene.height / down_px - (rows - 1), self.scene.width / across_px - (columns - 1)
