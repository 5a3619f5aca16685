"""The first layer's filters of a run as small pictures, at first and now."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.charts import filter_mosaic
from rsdash.config import Radiometry
from rsdash.errors import RunError
from rsdash.runs.filters import Filters, read_filters
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.pictures import png
from rsdash.ui.server import server
from rsdash.ui.words import plain

BAND_KEY = "filter-bands"
COLOURS = "red, green, blue"
ALL_BANDS = "mean of all bands"
MOSAIC_PX = 440
"""About the width of a mosaic; a weight takes a whole number of px."""


def filter_view(entry: RunEntry, history: History) -> None:
    """The filters at first and now, and what has changed; in colours where there are, else band by band."""
    path = entry.folder.filters_path
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    try:
        filters = server().payload(entry.folder, "filters", stamp, lambda _before: read_filters(path))
    except RunError as error:
        st.warning(plain(str(error)))
        return
    if filters is None:
        st.caption(
            "There are no filters: the run has not begun, has none, is from before they were kept, or was "
            "shipped or imported without them."
        )
        return
    choices = band_choices(entry.request.data.radiometry, filters.initial.shape[1])
    chosen = next(iter(choices))
    if len(choices) > 1:
        picked = st.segmented_control("Bands", list(choices), key=BAND_KEY, default=chosen, required=True)
        chosen = picked or chosen
    bands = choices[chosen]
    pictures = server().payload(
        entry.folder,
        f"filter pictures {chosen}",
        stamp,
        lambda _before: _pictures(filters, bands, coloured=chosen == COLOURS),
    )
    titles = ("At first", f"After step {filters.step:,}", "What has changed")
    dropped = entry.state.state in EVALUATED and filters.step > entry.state.summary.step
    shown = list(zip(st.columns(3, gap="medium"), pictures, titles, strict=True))[: 1 if dropped else 3]
    for column, picture, title in shown:
        with column:
            st.markdown(f"**{title}**")
            st.image(picture, alt=f"{len(filters.initial)} filters of the first layer, {title.lower()}")
    if dropped:
        st.caption("Only the first are shown: the latest that were kept are of training that was dropped.")
    st.caption(
        f"{len(filters.initial)} filters of {filters.initial.shape[2]} x {filters.initial.shape[3]} weights. "
        "Grey is 0; the largest weight of each filter, or of its change, is drawn white or black."
    )


def band_choices(radiometry: Radiometry, bands: int) -> dict[str, tuple[int, ...]]:
    """What can be shown of filters over some bands: name → their places; three give red, green and blue.

    Args:
        radiometry: of the images.
        bands: that the filters read.
    """
    choices: dict[str, tuple[int, ...]] = {}
    colours = list(radiometry.colours)
    if len(colours) == bands and {"red", "green", "blue"} <= set(colours):
        choices[COLOURS] = tuple(colours.index(colour) for colour in ("red", "green", "blue"))
    if bands > 3 or not choices:
        choices[ALL_BANDS] = tuple(range(bands))
        names = radiometry.channel_names if len(radiometry.channel_names) == bands else range(bands)
        choices |= {str(name): (place,) for place, name in enumerate(names)}
    return choices


def _pictures(filters: Filters, bands: tuple[int, ...], *, coloured: bool) -> list[bytes]:
    first, last = filters.initial.astype(np.float32), filters.latest.astype(np.float32)
    return [_png(part[:, bands], coloured=coloured) for part in (first, last, last - first)]


def _png(weights: np.ndarray, *, coloured: bool) -> bytes:
    """A mosaic of filters, float32 of shape (F, bands, k, k); the mean of the bands where not coloured."""
    shown = weights if coloured else weights.mean(axis=1)
    columns = int(np.ceil(np.sqrt(len(weights) * 1.2)))
    scale = max(1, MOSAIC_PX // (columns * (weights.shape[2] + 1)))
    return png(filter_mosaic(shown, columns=columns, scale=scale))
