"""Which scene is to be mapped: a dropped GeoTIFF, or one on the server."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rsdash.data.dropped import dropped_scene, keep_scene
from rsdash.errors import RsdashError
from rsdash.ui.places import server_path
from rsdash.ui.uploads import Dropped
from rsdash.ui.words import plain

DROP, PATH = "Drop a GeoTIFF", "On this machine"
UPLOADER = "map-scene-file"
SCENE = Dropped("dropped-scene", "scene", dropped_scene)


def choose_scene() -> Path | None:
    """Offer both ways; what was dropped outlives a reload of the page."""
    way = st.segmented_control(
        "Scene", (DROP, PATH), key="scene-from", default=DROP, required=True, bind="query-params"
    )
    try:
        path = _path() if way == PATH else _dropped()
    except RsdashError as error:
        st.error(plain(str(error)))
        return None
    if path is not None:
        _say_facts(path)
    return path


def _path() -> Path | None:
    text = st.text_input(
        "GeoTIFF",
        key="map-scene-path",
        bind="query-params",
        placeholder="/path/to/scene.tif",
        help="It is read where it lies, a few rows at a time: it may be larger than memory.",
    )
    return server_path(text) if text.strip() else None


def _dropped() -> Path | None:
    file = st.file_uploader(
        "GeoTIFF",
        type=["tif", "tiff"],
        key=UPLOADER,
        help="Larger scenes are read by their path on the machine that the server runs on.",
        on_change=SCENE.forget_what_was_taken_away,
        args=(UPLOADER,),
    )
    files = [file] if file else []
    return SCENE.place(files, lambda: keep_scene(files[0].name, files[0]))


def _say_facts(path: Path) -> None:
    """Size, bands and ground sample distance, or why it cannot be mapped."""
    from rsdash.data.tiling import look_at_scene  # brings GDAL, which a page should not wait for

    try:
        scene = look_at_scene(path)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    st.caption(
        f"{plain(path.name)}: {scene.width:,} x {scene.height:,} px of {scene.pixel_width_m:.3g} x "
        f"{scene.pixel_height_m:.3g} m, {scene.bands} bands of {scene.dtype}."
    )
