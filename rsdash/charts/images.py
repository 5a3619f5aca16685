"""Charts of what images are: their spectra, their sizes, and where they lie."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rsdash.charts.style import CLASS_COLORS, class_color, faint, finish, literal
from rsdash.palette import HEIGHT_COLOR, SIZE_COLOR, WIDTH_COLOR

SIZES_AS_BARS = 20
"""With more distinct sizes than that, sides are binned."""
DASHES = ("solid", "dash", "dot", "dashdot")
OUTLINE_SHARE = 1 / 150
"""Footprints at least this share of the map's height are drawn as squares, smaller ones as points."""
METRES_A_DEGREE = 111_320.0
"""Of latitude; of longitude times its cosine."""


@dataclass(frozen=True)
class Spectrum:
    """One class's line.

    Attributes:
        name: of the class.
        label: its place in the data set's list of classes, which gives the colour.
        mean: value of each band, on [0, 1].
        spread: standard deviation of each band.
        images: number of images measured.
    """

    name: str
    label: int
    mean: Sequence[float]
    spread: Sequence[float]
    images: int


@dataclass(frozen=True)
class Places:
    """Where some images lie that share a colour.

    Attributes:
        name: of the class or part.
        color: CSS colour.
        longitudes: of their centres, degrees.
        latitudes: the same.
        footprints_m: side of each on the ground, metres.
        files: their names.
        filled: outlines alone where not.
    """

    name: str
    color: str
    longitudes: np.ndarray
    latitudes: np.ndarray
    footprints_m: np.ndarray
    files: Sequence[str]
    filled: bool = True


def class_spectra(
    spectra: Sequence[Spectrum],
    bands: Sequence[str],
    wavelengths_nm: Sequence[int | None],
    *,
    unit: str,
    spread_of: Collection[int] = (),
) -> go.Figure:
    """Mean value of each class over the bands as lines; one standard deviation around some of them.

    Args:
        spectra: one a class.
        bands: names, in the order of the axis.
        wavelengths_nm: central wavelength of each, or None.
        unit: of the values.
        spread_of: labels of the classes whose mean gets one standard deviation filled to either side.
    """
    figure = go.Figure()
    ticks = [f"{band}<br>{nm}" if nm else band for band, nm in zip(bands, wavelengths_nm, strict=True)]
    figure.add_traces([_spread(line, ticks) for line in spectra if line.label in spread_of])
    figure.add_traces([_mean_line(line, ticks, bands, wavelengths_nm) for line in spectra])
    known = any(wavelengths_nm)
    figure.update_xaxes(
        title_text="band and its central wavelength (nm)" if known else "band", type="category"
    )
    figure.update_yaxes(title_text=unit, rangemode="tozero")
    figure.update_layout(legend_tracegroupgap=0)
    return finish(figure, height=460 + 8 * len(spectra), title=_spectra_title(spectra, bands, unit))


def sizes_in_words(widths: np.ndarray, heights: np.ndarray) -> str:
    """`3 sizes; 68% of the images are 64 x 64 px`."""
    sizes = Counter(zip(widths.tolist(), heights.tolist(), strict=True))
    (width, height), most = sizes.most_common(1)[0]
    return f"{len(sizes):,} sizes; {most / len(widths):.0%} of the images are {width} x {height} px"


def image_sizes(widths: np.ndarray, heights: np.ndarray) -> go.Figure:
    """How many images have which size: a bar a size, or sides in bins where there are many sizes.

    Args:
        widths: px, int64 (N,).
        heights: px, int64 (N,).
    """
    sizes = Counter(zip(widths.tolist(), heights.tolist(), strict=True))
    title = sizes_in_words(widths, heights)
    figure = go.Figure()
    if len(sizes) <= SIZES_AS_BARS:
        ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
        figure.add_bar(
            x=[sizes[size] for size in ordered],
            y=[f"{width} x {height}" for width, height in ordered],
            orientation="h",
            text=[f"{sizes[size]:,}" for size in ordered],
            marker_color=SIZE_COLOR,
        )
        figure.update_xaxes(title_text="images")
        figure.update_yaxes(title_text="width x height (px)", type="category", automargin=True)
        return finish(figure, height=190 + 26 * len(sizes), title=title)
    for name, sides, color in (("width", widths, WIDTH_COLOR), ("height", heights, HEIGHT_COLOR)):
        figure.add_histogram(x=sides, name=name, nbinsx=40, marker_color=color, opacity=0.7)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text="side (px)")
    figure.update_yaxes(title_text="images")
    return finish(figure, height=380, title=title)


def footprints(places: Sequence[Places], *, title: str) -> go.Figure:
    """Where images lie, in degrees, with equal scale east and north at the mean latitude; no basemap.

    Args:
        places: images of one colour each.
        title: says how many are drawn.
    """
    latitudes = np.concatenate([group.latitudes for group in places])
    middle = float(latitudes.mean())
    stretch = 1 / max(math.cos(math.radians(middle)), 0.01)
    sides = np.concatenate([group.footprints_m for group in places])
    height_m = (float(np.ptp(latitudes)) * METRES_A_DEGREE) or 1.0
    outlined = bool(np.median(sides) >= OUTLINE_SHARE * height_m)
    figure = go.Figure([_outlines(g, stretch) if outlined else _points(g) for g in places])
    figure.update_xaxes(title_text="longitude (°E)", tickformat="~f", zeroline=False, showgrid=True, nticks=8)
    figure.update_yaxes(
        title_text="latitude (°N)", tickformat="~f", zeroline=False, scaleanchor="x", scaleratio=stretch
    )
    return finish(figure, height=560, title=title)


def _mean_line(
    line: Spectrum, ticks: Sequence[str], bands: Sequence[str], wavelengths_nm: Sequence[int | None]
) -> go.Scatter:
    hover = [
        f"<b>{literal(line.name)}</b><br>{band}{f', {nm} nm' if nm else ''}<br>{mean:.3f}, "
        f"standard deviation {spread:.3f}<br>{line.images} images"
        for band, nm, mean, spread in zip(bands, wavelengths_nm, line.mean, line.spread, strict=True)
    ]
    dash = DASHES[line.label // len(CLASS_COLORS) % len(DASHES)]
    return go.Scatter(
        x=list(ticks),
        y=list(line.mean),
        name=literal(line.name),
        legendgroup=line.name,
        mode="lines+markers",
        line={"color": class_color(line.label), "width": 2, "dash": dash},
        hovertext=hover,
        hoverinfo="text",
    )


def _spread(line: Spectrum, ticks: Sequence[str]) -> go.Scatter:
    """One standard deviation to either side, as one outline there and back; values lie on [0, 1]."""
    upper = [min(1.0, mean + spread) for mean, spread in zip(line.mean, line.spread, strict=True)]
    lower = [max(0.0, mean - spread) for mean, spread in zip(line.mean, line.spread, strict=True)]
    return go.Scatter(
        x=[*ticks, *reversed(ticks)],
        y=[*upper, *reversed(lower)],
        legendgroup=line.name,
        showlegend=False,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=faint(class_color(line.label)),
        hoverinfo="skip",
    )


def _spectra_title(spectra: Sequence[Spectrum], bands: Sequence[str], unit: str) -> str:
    what = "Mean reflectance" if unit == "reflectance" else "Mean pixel value"
    if len(spectra) < 2:
        return f"{what} of {literal(spectra[0].name)} in each band"
    apart = np.ptp(np.array([line.mean for line in spectra]), axis=0)
    return f"{what} of each class: they lie furthest apart in {bands[int(apart.argmax())]}"


def _points(group: Places) -> go.Scatter:
    return go.Scatter(
        x=np.round(group.longitudes, 6),
        y=np.round(group.latitudes, 6),
        name=literal(group.name),
        mode="markers",
        marker={"color": group.color, "size": 6, "symbol": "square" if group.filled else "square-open"},
        hovertext=[literal(name) for name in group.files],
        hovertemplate="%{hovertext}<br>%{x:.5f}, %{y:.5f}<extra>" + group.name + "</extra>",
    )


def _outlines(group: Places, stretch: float) -> go.Scatter:
    """Squares of the images' size, one closed line with gaps; north is up in each."""
    half = group.footprints_m / 2 / METRES_A_DEGREE
    turns = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1], [-1, -1], [np.nan, np.nan]])  # (6, 2)
    x = group.longitudes[:, None] + turns[None, :, 0] * half[:, None] * stretch  # (N, 6)
    y = group.latitudes[:, None] + turns[None, :, 1] * half[:, None]
    return go.Scatter(
        x=np.round(x.ravel(), 6),
        y=np.round(y.ravel(), 6),
        name=literal(group.name),
        mode="lines",
        line={"color": group.color, "width": 1},
        fill="toself",
        fillcolor=faint(group.color, 0.45 if group.filled else 0.0),
        hoverinfo="name",
    )
