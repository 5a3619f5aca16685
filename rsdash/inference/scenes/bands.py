"""Which bands of a scene the model takes, and what speaks against them: another scaling, another level."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp

from rsdash.config import RGB8, Radiometry
from rsdash.data.rasters import to_levels
from rsdash.errors import ConfigError, DataError

SATURATED_SHARE = 0.05
FAR_SD = 2.0
"""Standard deviations of the training images beyond which the mean of a band is called unlike theirs."""
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_LEVEL = re.compile(r"L(?:evel)?[-_ ]?(1C|2A)(?![0-9a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Bands:
    """How numbers of a scene become pixels as the model's training images had them.

    Attributes:
        indexes: bands of the file, counted from 1, one a channel.
        radiometry: how their numbers are read.
        eight_bits: whether pixels are uint8, as those of rgb8 are; else uint16.
    """

    indexes: tuple[int, ...]
    radiometry: Radiometry
    eight_bits: bool

    def pixels(self, numbers: np.ndarray, missing: np.ndarray | None) -> np.ndarray:
        """Numbers (C, height, width) to pixels (height, width, C); `missing` is bool (height, width)."""
        if self.radiometry.is_rgb8:
            return np.ascontiguousarray(numbers.transpose(1, 2, 0))
        levels = to_levels(numbers, missing, self.radiometry)
        return np.rint(levels / 257).astype(np.uint8) if self.eight_bits else levels


def choose_bands(raster: Any, trained: Radiometry, asked: Radiometry | None) -> Bands:
    """Match the bands of a scene with the channels of a model.

    Args:
        raster: the open scene.
        trained: radiometry of the training images.
        asked: how the scene is to be read in its place, or None.

    Raises:
        DataError: it has no such bands, or numbers that nothing says how to read.
    """
    name, used = Path(raster.name).name, asked or trained
    if used.channels != trained.channels:
        raise DataError(
            f"The radiometry {used.name!r} gives {used.channels} bands, but the model takes "
            f"{trained.channels} ({', '.join(trained.channel_names)})."
        )
    if used.is_rgb8:
        return Bands(_colour_bands(raster, name), RGB8, eight_bits=True)
    try:
        places = used.positions_in(raster.descriptions)
    except ConfigError as error:
        raise DataError(f"{name} does not fit the radiometry {used.name!r}: {error}") from error
    return Bands(tuple(place + 1 for place in places), used, eight_bits=trained.is_rgb8)


def _colour_bands(raster: Any, name: str) -> tuple[int, ...]:
    """Red, green and blue of 8-bit images; a grey one is all three."""
    if set(raster.dtypes) != {"uint8"}:
        raise DataError(
            f"{name} holds {raster.dtypes[0]} numbers, but the model was trained on 8-bit images. Say by a "
            "radiometry how its numbers become values: eurosat for EuroSAT's JPEG tiles, else your own, on "
            "the Scenes page."
        )
    meanings = list(raster.colorinterp)
    if all(colour in meanings for colour in _COLOURS):
        return tuple(meanings.index(colour) + 1 for colour in _COLOURS)
    if ColorInterp.palette in meanings:
        raise DataError(f"{name} holds numbers of a colour table, not colours; convert it to RGB first.")
    return (1, 2, 3) if raster.count >= 3 else (1, 1, 1)


def level_notes(raster: Any, bands: Bands) -> list[str]:
    """What the file's own words say against reading it so: its processing level, its scale and offset."""
    radiometry, notes = bands.radiometry, []
    words = " ".join([Path(raster.name).name, *raster.tags(), *raster.tags().values()])
    levels = {found.upper() for found in _LEVEL.findall(words)}
    if "2A" in levels and radiometry.name == "eurosat":
        notes.append(
            "The scene calls itself Sentinel-2 level 2A (surface reflectance), but the training images are "
            "level 1C (top of atmosphere): the model does not know such values."
        )
    index = bands.indexes[0] - 1
    scale, offset = raster.scales[index], raster.offsets[index]
    own = (scale, offset / scale if scale else 0.0)
    if own != (1.0, 0.0) and not np.allclose(own, (radiometry.scale, radiometry.offset)):
        notes.append(
            f"The scene says of itself: value = (DN {own[1]:+g}) * {own[0]:g}; it was read with "
            f"{radiometry.describe()}."
        )
    return notes


def value_notes(pixels: np.ndarray, seen: np.ndarray, mean: np.ndarray, std: np.ndarray) -> list[str]:
    """What the values themselves say against it.

    Args:
        pixels: a sample of the scene, uint8 or uint16 (height, width, C).
        seen: which of them hold data, bool (height, width).
        mean: of each channel over the training images, on [0, 1], (C,).
        std: the same.
    """
    if not seen.any():
        return []
    top, values = np.iinfo(pixels.dtype).max, pixels[seen]  # (n, C)
    saturated = float((values == top).any(axis=1).mean())
    notes = []
    if saturated > SATURATED_SHARE:
        notes.append(
            f"{saturated:.0%} of the pixels are as bright as can be; the scene is probably scaled otherwise "
            "than the training images."
        )
    away = (values.mean(axis=0) / top - mean) / std
    if np.abs(away).max() > FAR_SD:
        worst = int(np.abs(away).argmax())
        notes.append(
            f"Band {worst + 1} of the scene is on average {abs(away[worst]):.1f} standard deviations "
            f"{'brighter' if away[worst] > 0 else 'darker'} than in the training images: another sensor, "
            "season, scaling or processing level. Answers may be worth little."
        )
    return notes
