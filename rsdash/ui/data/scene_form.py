"""Cut a scene into labelled tiles."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from rsdash.data.made import add_tiles
from rsdash.errors import RsdashError
from rsdash.ui.data.radiometry_form import chosen_radiometry
from rsdash.ui.data.task import start_task
from rsdash.ui.places import server_path
from rsdash.ui.uploads import stored
from rsdash.ui.words import plain


def scene_form() -> None:
    """A scene by its path, labels by path or drop, and the size of tiles."""
    st.caption("A GeoTIFF and points or polygons that carry a class become tiles that know their place.")
    left, right = st.columns(2, gap="large")
    scene = left.text_input("Scene on this machine", key="scene-path", placeholder="/path/to/scene.tif")
    labels = left.text_input("Labels on this machine", key="labels-path", placeholder="/path/to/labels.gpkg")
    dropped = left.file_uploader("or drop them", type=["geojson", "json", "gpkg"], key="labels-file")
    field = left.text_input("Field with the class", key="labels-field", placeholder="class, label, …")
    with right:
        first, second = st.columns(2)
        tile_m = first.number_input(
            "Tile (m)", 1.0, value=640.0, format="%g", key="tile-m", help="Side on the ground."
        )
        overlap = second.number_input("Overlap (%)", 0, 95, 0, 5, key="tile-overlap")
        share = first.number_input(
            "Covered by its class (%)", 1, 100, 50, 5, key="tile-share", help="Of the tile; for polygons."
        )
        nodata = second.number_input("Without data (%)", 0, 100, 0, 5, key="tile-nodata", help="At most.")
        radiometry = chosen_radiometry("scene")
        name = st.text_input("Name", key="tiles-name", placeholder="made from the scene's")
    ready = scene.strip() and (labels.strip() or dropped) and radiometry
    if not st.button("Cut the tiles", key="cut-tiles", disabled=not ready) or not radiometry:
        return
    try:
        from rsdash.data.tiling import TileRule  # brings GDAL, which a page should not wait for

        rule = TileRule(float(tile_m), overlap / 100, share / 100, nodata / 100)
        scene_path = server_path(scene)
        label_path = None if dropped else server_path(labels)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    settings = {"rule": rule, "field": field.strip(), "name": name.strip() or None, "radiometry": radiometry}

    def cut(report: Any) -> Any:
        with tempfile.TemporaryDirectory(prefix="rsdash-labels-") as place:
            kept = label_path or stored(dropped, Path(place))
            return add_tiles(scene_path, kept, on_progress=report, **settings)

    start_task(f"Cutting {scene_path.name}", cut)
