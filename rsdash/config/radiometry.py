"""How the numbers in an image file become pixel values on [0, 1]: which bands, what scale and offset.

RGB8                                      # 8-bit RGB images, value = DN / 255
make_radiometry("eurosat")                # B04, B03, B02 of EuroSAT's 13-band tiles
make_radiometry("sentinel2-offset", "all")  # all 13 bands, (DN - 1000) / 10000
make_radiometry("sentinel2", "B08,B04,B03")  # false colour
Radiometry(name="custom", bands=("B1", "B4"), scale=1 / 255)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rsdash.errors import ConfigError

Colour = Literal["red", "green", "blue"]

SENTINEL2_L1C = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""Sentinel-2's bands by wavelength, as in the order of the product's own list."""
SENTINEL2_L2A = tuple(band for band in SENTINEL2_L1C if band != "B10")
"""Atmospherically corrected products lack the cirrus band."""
EUROSAT_BANDS = (*(band for band in SENTINEL2_L1C if band != "B8A"), "B8A")
"""EuroSAT's tiles are level L1C with B8A last (Helber et al. 2019, doi 10.1109/JSTARS.2019.2918242)."""
RGB_BANDS = ("B04", "B03", "B02")
MAX_BANDS = 256

_RGB8_SCALE = 1 / 255
_COLOURS: dict[str, Colour] = {"red": "red", "green": "green", "blue": "blue"}
_COLOURS |= {"b04": "red", "b03": "green", "b02": "blue"}
_DIGEST_BYTES = 6


class Radiometry(BaseModel):
    """What turns the digital numbers (DN) of a file into values: clip((DN + offset) * scale, 0, 1).

    It is stored with a data set, with every run on it and with the model, and used again in prediction.
    Nothing is ever stretched image by image.

    Attributes:
        name: the preset it came from, or a name of one's own.
        bands: names of the bands that become channels, in this order; None for the three channels of
            an 8-bit RGB image.
        scale: value of one DN; positive.
        offset: added to each DN before it is scaled.
        layouts: names of the bands of files that do not name theirs, one layout a number of bands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1, max_length=64)] = "rgb8"
    bands: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_BANDS)] | None = None
    scale: Annotated[float, Field(gt=0)] = _RGB8_SCALE
    offset: float = 0.0
    layouts: tuple[tuple[str, ...], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.bands is None:
            if (self.scale, self.offset) != (_RGB8_SCALE, 0.0):
                raise ValueError("scale and offset of 8-bit RGB images are fixed; name the bands to set them")
        elif len({band.casefold() for band in self.bands}) < len(self.bands):
            raise ValueError(f"bands names a band twice: {', '.join(self.bands)}")
        return self

    @property
    def is_rgb8(self) -> bool:
        """Whether this is plain 8-bit RGB, which any image format can hold."""
        return self.bands is None

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels of decoded images."""
        return self.bands if self.bands is not None else ("red", "green", "blue")

    @property
    def channels(self) -> int:
        """Number of channels C of decoded images."""
        return len(self.channel_names)

    @property
    def colours(self) -> tuple[Colour | None, ...]:
        """The colour of each channel whose name says it: red or B04, green or B03, blue or B02."""
        return tuple(_COLOURS.get(name.casefold()) for name in self.channel_names)

    @property
    def display_channels(self) -> tuple[int, int, int]:
        """The channels to show as red, green and blue: those of these colours, else the first three."""
        colours = self.colours
        if {"red", "green", "blue"} <= set(colours):
            return colours.index("red"), colours.index("green"), colours.index("blue")
        last = self.channels - 1
        return (0, 1, 2) if last >= 2 else (0, last, last)

    @property
    def digest(self) -> str:
        """Hex digest of all that changes pixel values; the name of the preset does not."""
        content = json.dumps(self.model_dump(mode="json", exclude={"name"}), sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=_DIGEST_BYTES).hexdigest()

    def describe(self) -> str:
        """In words: `B04, B03, B02; value = (DN - 1000) * 0.0001, clipped to [0, 1]`."""
        if self.bands is None:
            return "8-bit RGB; value = DN / 255"
        number = f"(DN {'-' if self.offset < 0 else '+'} {abs(self.offset):g})" if self.offset else "DN"
        return f"{', '.join(self.bands)}; value = {number} * {self.scale:.6g}, clipped to [0, 1]"

    def names_in(self, descriptions: Sequence[str | None]) -> tuple[str, ...]:
        """Names of a file's bands: its own descriptions, else the layout of that length, else B1 to Bn.

        Args:
            descriptions: what the file calls its bands, in their order.
        """
        own = _described(descriptions)
        if own:
            return own
        fitting = (layout for layout in self.layouts if len(layout) == len(descriptions))
        return next(fitting, tuple(f"B{number}" for number in range(1, len(descriptions) + 1)))

    def positions_in(self, descriptions: Sequence[str | None]) -> tuple[int, ...]:
        """Where a file holds the bands that are asked for; counted from 0.

        Upper and lower case are the same, and in a file's own descriptions so are B4 and B04.

        Args:
            descriptions: what the file calls its bands, in their order.

        Raises:
            ConfigError: it has no band of a name; the message lists those it has.
        """
        names = self.names_in(descriptions)
        places = {name.casefold(): place for place, name in enumerate(names)}
        if _described(descriptions):
            places = {_padded(name): place for name, place in places.items()} | places
        wanted = self.channel_names
        missing = [name for name in wanted if name.casefold() not in places]
        if missing:
            raise ConfigError(f"There is no band {missing[0]!r}; the bands are {', '.join(names)}.")
        return tuple(places[name.casefold()] for name in wanted)


RGB8 = Radiometry()
"""The three channels of 8-bit images, DN / 255."""

_SENTINEL2 = (SENTINEL2_L1C, SENTINEL2_L2A)
RADIOMETRIES: dict[str, Radiometry] = {
    "rgb8": RGB8,
    "sentinel2": Radiometry(name="sentinel2", bands=RGB_BANDS, scale=1e-4, layouts=_SENTINEL2),
    "sentinel2-offset": Radiometry(
        name="sentinel2-offset", bands=RGB_BANDS, scale=1e-4, offset=-1000, layouts=_SENTINEL2
    ),
    "eurosat": Radiometry(name="eurosat", bands=RGB_BANDS, scale=1 / 2750, layouts=(EUROSAT_BANDS,)),
}
"""The presets, each with its red, green and blue bands."""

RADIOMETRY_TEXTS = {
    "rgb8": "8-bit RGB images of any format: value = DN / 255.",
    "sentinel2": "Sentinel-2 reflectance, DN / 10000: before processing baseline 04.00, or harmonised.",
    "sentinel2-offset": "Sentinel-2 reflectance, (DN - 1000) / 10000: processing baseline 04.00 and later "
    "(from 25 January 2022), not harmonised.",
    "eurosat": "EuroSAT's 13-band tiles, DN / 2750, which is what its JPEG pictures show.",
}
"""One line on each preset."""


def make_radiometry(name: str, bands: str | Sequence[str] = "rgb") -> Radiometry:
    """Build a radiometry from a preset and a choice of bands.

    Args:
        name: a key of `RADIOMETRIES`.
        bands: rgb, all (the 13 of Sentinel-2), or names, as a list or with commas between them.

    Raises:
        ConfigError: there is no such preset, or the choice of bands is none.
    """
    preset = RADIOMETRIES.get(name)
    if preset is None:
        raise ConfigError(f"There is no radiometry {name!r}; choose one of {', '.join(RADIOMETRIES)}.")
    if bands == "rgb":
        return preset
    if preset.is_rgb8:
        raise ConfigError(f"rgb8 has no bands to choose from; got {bands}. Choose another radiometry.")
    if bands == "all":
        chosen = preset.layouts[0]
    else:
        chosen = tuple(part.strip() for part in (bands.split(",") if isinstance(bands, str) else bands))
    try:
        return Radiometry.model_validate({**preset.model_dump(), "bands": chosen})
    except ValidationError as error:
        first = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"bands={','.join(chosen)} cannot be used: {first}.") from error


def _described(descriptions: Sequence[str | None]) -> tuple[str, ...]:
    """What a file calls its bands, if it names all of them and no two alike."""
    names = tuple((text or "").strip() for text in descriptions)
    return names if all(names) and len({name.casefold() for name in names}) == len(names) else ()


def _padded(name: str) -> str:
    """b4 → b04, as Earth Engine and SNAP write Sentinel-2's bands; others stay."""
    return re.sub(r"^b(\d)$", r"b0\1", name)
