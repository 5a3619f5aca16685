"""The map over its scene: drawn by Plotly in the browser, where opacity and classes change at once."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from rsdash.inference.scenes.kept import DrawnMap, KeptMap
from rsdash.inference.scenes.record import NO_CLASS, PICTURE, MapRecord
from rsdash.palette import class_color
from rsdash.ui.plotly_script import PLOTLY_SCRIPT

_HTML = """
<div class="scene-map">
  <label class="slider">Opacity of the map <input class="opacity" type="range" min="0" max="100"></label>
  <div class="legend" role="group" aria-label="Classes that are shown"></div>
  <div class="chart" role="img"></div>
</div>
"""
OPACITY = 0.6

_HERE = Path(__file__).parent
_mount = component(
    "rsdash_scene_map",
    html=_HTML,
    js=PLOTLY_SCRIPT + (_HERE / "scene_map.js").read_text(encoding="utf-8"),
    css=(_HERE / "scene_map.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def scene_picture(kept: KeptMap, drawing: DrawnMap, picked: tuple[int, int] | None) -> tuple[int, int] | None:
    """Draw a map over its scene.

    Args:
        kept: the map.
        drawing: its classes as they are drawn.
        picked: row and column of the cell that is marked, or None.

    Returns:
        Row and column of the cell that was clicked just now; None where none was.
    """
    result: Any = _mount(key="scene-map", data=_content(kept, drawing, picked), on_picked_change=lambda: None)
    if not result.picked:
        return None
    row, column = (int(place) * drawing.step for place in result.picked)
    return row, column


def area_shares(record: MapRecord) -> list[float]:
    """Share of each class in the mapped area; of cells at the scene's edge, what lies on the scene counts."""
    total = sum(record.areas_m2) or 1.0
    return [area / total for area in record.areas_m2]


def _content(kept: KeptMap, drawing: DrawnMap, picked: tuple[int, int] | None) -> dict[str, Any]:
    record = kept.record
    pixel_km = [side / 1000 for side in record.scene.pixel_m]
    cell_km = [px * km * drawing.step for px, km in zip(record.stride_px, pixel_km, strict=True)]
    by_area = area_shares(record)
    present = [label for label, share in sorted(enumerate(by_area), key=lambda one: -one[1]) if share]
    shares = [f"{100 * share:.1f} %" for share in by_area]
    most = " and ".join(f"{record.classes[label]} ({shares[label]})" for label in present[:2]) or "no data"
    return {
        "id": f"{record.id} {st.context.theme.type}",
        "alt": f"Map of {len(present)} classes over {record.scene.name}, mostly {most}",
        "title": f"Mostly {most}",
        "labels": base64.b64encode(drawing.labels.tobytes()).decode("ascii"),
        "columns": drawing.labels.shape[1],
        "none": NO_CLASS,
        "names": list(record.classes),
        "colors": [class_color(label) for label in range(len(record.classes))],
        "shares": shares,
        "present": present,
        "size_km": [record.scene.width * pixel_km[0], record.scene.height * pixel_km[1]],
        "cell_km": cell_km,
        "window_km": [px * km for px, km in zip(record.window_px, pixel_km, strict=True)],
        "opacity": OPACITY,
        "picture": _data_url(kept.folder / PICTURE),
        "picked": [place // drawing.step for place in picked] if picked else None,
    }


def _data_url(path: Path) -> str:
    try:
        return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    except FileNotFoundError:
        return ""
