"""A finished map: drawn over its scene, classes at a point, areas, what speaks against it, and its files."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.inference.scenes.kept import DrawnMap, KeptMap, at_cell, drawn, place_of
from rsdash.inference.scenes.packing import pack, pack_name
from rsdash.inference.scenes.record import MapRecord
from rsdash.ui.scenes.kept_list import delete_button
from rsdash.ui.scenes.picture import area_shares, scene_picture
from rsdash.ui.words import duration, plain

PICKED = "map-picked"
CAVEAT = (
    "Areas are counted from cells, so that the map's errors bias them: a class that is often taken for "
    "another comes out too small. For areas with an honest interval, label a random sample of places by hand "
    "(Olofsson et al. 2014, doi 10.1016/j.rse.2014.02.015)."
)


def map_view(kept: KeptMap) -> None:
    """The map and everything about it."""
    record = kept.record
    st.subheader(f"{plain(record.scene.name)}, mapped by {plain(record.run_name)}")
    st.caption(_summary(record))
    for note in record.notes:
        st.warning(plain(note))
    try:
        drawing = _drawn(kept)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    known = st.session_state.get(PICKED)
    picked = known[1] if known and known[0] == record.id else None
    clicked = scene_picture(kept, drawing, picked)
    if clicked and clicked != picked:
        st.session_state[PICKED] = record.id, clicked
        st.rerun()
    left, right = st.columns(2, gap="large")
    with left:
        _areas(record)
    with right:
        _at_point(kept, picked)
    with st.container(horizontal=True):
        st.download_button(
            "Download all files",
            data=lambda: _packed(kept),
            file_name=f"{pack_name(record)}.zip",
            mime="application/zip",
            key="download-map",
            help="Class and confidence rasters (COG), names and colours for QGIS and GDAL, polygons.",
        )
        delete_button(kept)


def _summary(record: MapRecord) -> str:
    spacing, window = (px[0] * record.scene.pixel_m[0] for px in (record.stride_px, record.window_px))
    words = [
        f"One cell every {spacing:,.0f} m; the smallest patch that can be believed is about a window, "
        f"{window:,.0f} m.",
        f"{record.windows:,} windows in {duration(record.seconds)}.",
    ]
    if record.skipped:
        words.append(f"{record.skipped:,} more were skipped for want of data.")
    if record.unfamiliar is not None and record.windows:
        words.append(
            f"{100 * record.unfamiliar / record.windows:.0f} % of the windows are unlike the images that the "
            "model was measured on; of ordinary ones it would be 5 %."
        )
    return " ".join(words)


def _areas(record: MapRecord) -> None:
    columns = zip(record.classes, record.areas_m2, area_shares(record), record.cells, strict=True)
    rows = [
        {"Class": name, "Area (km²)": area / 1e6, "Share": 100 * share, "Cells": cells}
        for name, area, share, cells in columns
        if cells
    ]
    rows.sort(key=lambda row: -row["Area (km²)"])
    st.markdown("##### Area of each class")
    st.dataframe(
        rows,
        key="map-areas",
        hide_index=True,
        alt="Area of each class on the map",
        column_config={
            "Area (km²)": st.column_config.NumberColumn(format="%.2f"),
            "Share": st.column_config.NumberColumn(format="%.1f %%"),
            "Cells": st.column_config.NumberColumn(format="localized"),
        },
    )
    st.caption(CAVEAT)


def _at_point(kept: KeptMap, picked: tuple[int, int] | None) -> None:
    st.markdown("##### At a point")
    if picked is None:
        st.caption("Click on the map to see how sure the model is of each class there.")
        return
    record = kept.record
    try:
        values = at_cell(kept, *picked)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    digits = 5 if record.scene.crs.startswith("GEOG") else 0  # degrees, about a metre; else metres
    x, y = (f"{value:,.{digits}f}" for value in place_of(record, *picked))
    st.caption(f"Row {picked[0]:,}, column {picked[1]:,}; {x}, {y} in the scene's coordinates.")
    if values is None:
        st.info("No data here.")
        return
    from rsdash.inference.scenes.rasters import calibrated  # brings GDAL

    sure = calibrated(values[None], record.temperature)[0]
    rows = [
        {"Class": name, "Confidence": 100 * float(confidence), "Probability": float(raw)}
        for name, confidence, raw in zip(record.classes, sure, values, strict=True)
    ]
    rows.sort(key=lambda row: -row["Confidence"])
    st.dataframe(
        rows,
        key="map-point",
        hide_index=True,
        alt=f"Confidence in each class at the chosen point, most in {rows[0]['Class']}",
        column_config={
            "Confidence": st.column_config.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "Probability": st.column_config.NumberColumn(
                format="%.4f", help="The average of the windows as it comes, before it is calibrated."
            ),
        },
    )


def _packed(kept: KeptMap) -> bytes:
    with tempfile.TemporaryDirectory(prefix="rsdash-map-") as folder:
        path = Path(folder) / "map.zip"
        pack(kept.folder, kept.record, path)
        return path.read_bytes()


@lru_cache(maxsize=4)
def _drawn(kept: KeptMap) -> DrawnMap:
    """Read once; a finished map never changes."""
    return drawn(kept)
