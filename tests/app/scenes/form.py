"""The form of the Scenes page, filled in."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest


def keys(app: AppTest, kind: str) -> set[str]:
    """Keys of all elements of a kind."""
    return {element.key for element in app.get(kind) if element.key}


def choose(app: AppTest, scene: Path, *, tile_m: float | None = 640.0) -> AppTest:
    """Give the path of a scene, and the side of a tile, in the form of the page."""
    app.segmented_control(key="scene-from").set_value("On this machine").run()
    app.text_input(key="map-scene-path").set_value(str(scene)).run()
    if tile_m:
        (key,) = [key for key in keys(app, "number_input") if key.startswith("map-tile-m-")]
        app.number_input(key=key).set_value(tile_m).run()
    assert not app.exception
    return app
