"""Pictures of the images that are predicted, read from their place on demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from rsdash.config import Radiometry
from rsdash.data import decode, picture
from rsdash.data.loose import LooseImages
from rsdash.errors import RsdashError
from rsdash.ui.pictures import jpeg_address

THUMBNAIL_PX = 64
SHOWN_PX = 512


@dataclass(frozen=True)
class Shown:
    """An image as it is shown.

    Attributes:
        pixels: uint8 (height, width, 3), at most SHOWN_PX wide or high.
        width: of the image itself, in pixels.
        height: of the image itself, in pixels.
    """

    pixels: np.ndarray
    width: int
    height: int


def thumbnail(images: LooseImages, name: str, radiometry: Radiometry) -> str | None:
    """A small picture as a data URI; None where the image cannot be read."""
    content = _content(images, name)
    return None if content is None else _thumbnail(content, name, radiometry.digest, radiometry)


def shown(images: LooseImages, name: str, radiometry: Radiometry) -> Shown | None:
    """An image of a size for the page; None where it cannot be read."""
    content = _content(images, name)
    return None if content is None else _shown(content, name, radiometry.digest, radiometry)


@st.cache_data(max_entries=2_000, show_spinner=False)
def _thumbnail(content: bytes, name: str, digest: str, _radiometry: Radiometry) -> str | None:
    pixels = _pixels(content, name, _radiometry)
    if pixels is None:
        return None
    small = Image.fromarray(pixels)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return jpeg_address(np.asarray(small))


@st.cache_data(max_entries=32, show_spinner=False)
def _shown(content: bytes, name: str, digest: str, _radiometry: Radiometry) -> Shown | None:
    pixels = _pixels(content, name, _radiometry)
    if pixels is None:
        return None
    image = Image.fromarray(pixels)
    width, height = image.size
    image.thumbnail((SHOWN_PX, SHOWN_PX))
    return Shown(np.asarray(image), width, height)


def _content(images: LooseImages, name: str) -> bytes | None:
    """What pictures are kept by: the file of a name may be another one the next time."""
    try:
        return images.read(name)
    except RsdashError:
        return None  # the table says why


def _pixels(content: bytes, name: str, radiometry: Radiometry) -> np.ndarray | None:
    try:
        return picture(decode(content, name, radiometry), radiometry)
    except RsdashError:
        return None  # the table says why
