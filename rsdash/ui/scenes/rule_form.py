"""How a scene is to be mapped: size of windows, stride, blending, and how its numbers are read."""

from __future__ import annotations

import streamlit as st

from rsdash.config import Radiometry
from rsdash.inference.scenes.record import MapRule
from rsdash.runs.index import RunEntry
from rsdash.ui.data.radiometry_form import chosen_radiometry

METRES, PIXELS = "metres", "pixels"
STRIDES = {0.25: "a quarter of a window", 0.5: "half a window", 1.0: "a whole window, no overlap"}


def rule_form(entry: RunEntry) -> MapRule | None:
    """The rule; None, with the reason on the page, while it cannot be used.

    Args:
        entry: the run whose model will map.
    """
    first, second = st.columns(2, gap="large")
    stride = first.select_slider(
        "Stride",
        list(STRIDES),
        value=0.5,
        key="map-stride",
        format_func=STRIDES.__getitem__,
        help="From one window to the next, and the spacing of the map. The smallest patch that can be "
        "believed is about a window, however fine the spacing.",
    )
    tile_m = second.number_input(
        "Side of a training tile on the ground (m)",
        min_value=0.1,
        format="%g",
        value=entry.request.data.tile_m,
        key=f"map-tile-m-{entry.id}",
        placeholder="such as 640 for EuroSAT",
        help="Windows have this size on the ground, so that the model sees what it was trained on.",
    )
    with st.expander("More settings"):
        windows, blend, nodata, radiometry, fits = _more(entry)
    if not fits:
        return None
    if windows == METRES and not tile_m:
        st.info("Say how large the training tiles are on the ground; their files do not say it themselves.")
        return None
    return MapRule(
        tile_m=tile_m or None,
        windows="pixels" if windows == PIXELS else "metres",
        stride=stride,
        blend=blend,
        max_nodata=nodata / 100,
        radiometry=radiometry,
    )


def _more(entry: RunEntry) -> tuple[str, bool, int, Radiometry | None, bool]:
    first, second = st.columns(2, gap="large")
    blend = first.toggle(
        "Blend overlapping windows",
        True,
        key="map-blend",
        help="Averages what windows say, those whose middle is near counting more (Hann). Without it, each "
        "cell is told by the nearest window alone.",
    )
    nodata = second.number_input(
        "Without data, of a window (%)",
        0,
        100,
        25,
        5,
        key="map-nodata",
        help="Windows with more are skipped.",
    )
    windows = first.segmented_control(
        "Windows in",
        (METRES, PIXELS),
        key="map-windows",
        default=METRES,
        required=True,
        help="pixels: as many pixels as training tiles have, whatever they measure. An experiment: things on "
        "the ground then appear larger or smaller than the model knows them.",
    )
    own = second.toggle(
        "Read its numbers in another way",
        key="map-own-radiometry",
        help=f"The training images were read as {entry.request.data.radiometry.describe()}.",
    )
    radiometry = chosen_radiometry("map") if own else None
    return windows or METRES, blend, int(nodata), radiometry, not own or radiometry is not None
