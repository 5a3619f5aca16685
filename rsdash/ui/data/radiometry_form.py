"""Choose how the numbers in image files are read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import streamlit as st

from rsdash.config import RADIOMETRIES, RADIOMETRY_TEXTS, Radiometry, make_radiometry
from rsdash.data import decode, open_source, picture
from rsdash.data.images import SUFFIXES, check_size
from rsdash.errors import ConfigError, DataError, RsdashError
from rsdash.ui.words import plain

CUSTOM = "custom"
PREVIEWS = 6
PREVIEW_PX = 128


def radiometry_form(key: str) -> Radiometry:
    """A preset and, where files have several bands, which of them; or bands, scale and offset by hand.

    Args:
        key: tells this form from others on the page.

    Raises:
        ConfigError: bands that cannot be, or a scale that is no number.
    """
    name = st.selectbox(
        "Pixel values",
        [*RADIOMETRIES, CUSTOM],
        key=f"{key}-radiometry",
        help="How stored numbers become pixel values; the same for every image, never stretched one by one.",
    )
    if name == CUSTOM:
        return _custom(key)
    st.caption(plain(RADIOMETRY_TEXTS[name]))
    if RADIOMETRIES[name].is_rgb8:
        return RADIOMETRIES[name]
    bands = st.text_input(
        "Bands",
        key=f"{key}-bands",
        placeholder="red, green and blue",
        help="Names with commas, such as B08,B04,B03, or all. Empty: the visible colours.",
    )
    return make_radiometry(name, bands.strip() or "rgb")


def preview(place: Path, radiometry: Radiometry) -> None:
    """Show the first images of a folder or zip as the radiometry reads them."""
    try:
        source = open_source(place)
        names = [name for name in source.names() if PurePosixPath(name).suffix.lower() in SUFFIXES]
        spread = names[:: max(1, len(names) // PREVIEWS)][:PREVIEWS]
        if not spread:
            raise DataError(f"No file in {place.name} has the ending of an image, such as .png or .tif.")
        for name in spread:
            check_size(name, source.stat(name)[0])
        pictures = [
            picture(decode(source.read(name), name, radiometry, PREVIEW_PX), radiometry) for name in spread
        ]
    except DataError as error:
        st.error(plain(str(error)))
        return
    strip = np.concatenate(pictures, axis=1)
    st.image(strip, caption="As read", alt=f"{len(pictures)} images of {place.name} as they are read")


def _custom(key: str) -> Radiometry:
    first, second, third = st.columns([2, 1, 1])
    bands = first.text_input(
        "Bands", key=f"{key}-bands", placeholder="B1,B2,B3", help="Names, in the order wanted."
    )
    scale = second.text_input("Scale", "0.0001", key=f"{key}-scale")
    offset = third.text_input("Offset", "0", key=f"{key}-offset")
    st.caption("A pixel value is (number + offset) x scale, cut to the range from 0 to 1.")
    try:
        names = tuple(band.strip() for band in bands.split(",") if band.strip())
        return Radiometry(name=CUSTOM, bands=names or None, scale=float(scale), offset=float(offset))
    except ValueError as error:
        raise ConfigError(
            f"bands={bands}, scale={scale}, offset={offset} cannot be used: name at least one band, give a "
            "scale above 0 and an offset."
        ) from error


def chosen_radiometry(key: str) -> Radiometry | None:
    """The form; None, with the reason on the page, while what it holds cannot be used."""
    try:
        return radiometry_form(key)
    except RsdashError as error:
        st.error(plain(str(error)))
        return None
