"""Charts of spectra, sizes and places say what the numbers say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsdash.charts import (
    Places,
    Spectrum,
    class_color,
    class_counts,
    class_spectra,
    footprints,
    image_sizes,
    split_counts,
)
from tests.drawn import layout, traces

FOREST = Spectrum("Forest", 1, (0.02, 0.30), (0.01, 0.10), 200)
LAKE = Spectrum("Lake <b>", 11, (0.04, 0.02), (0.05, 0.01), 7)


def places(longitudes: list[float], latitudes: list[float], side_m: float, **more: bool) -> Places:
    names = [f"{number}.tif" for number in range(len(longitudes))]
    sides = np.full(len(longitudes), side_m)
    return Places("Forest", "#1f6f3d", np.array(longitudes), np.array(latitudes), sides, names, **more)


def test_numbers_in_bars_lie_level_however_short_they_are():
    for figure in (class_counts({"a": 12, "b": 1200}), split_counts({"train": [7, 9]}, ["a", "b"])):
        assert [trace.textangle for trace in traces(figure)] == [0]
        assert layout(figure).xaxis.tickformat == ","


def test_spectra_keep_the_colours_of_their_classes_and_name_wavelengths():
    figure = class_spectra([FOREST, LAKE], ["B04", "B08"], [665, 842], unit="reflectance")
    assert [trace.line.color for trace in traces(figure)] == [class_color(1), class_color(11)]
    assert traces(figure)[0].line.dash != traces(figure)[1].line.dash  # the colours come around after ten
    assert traces(figure)[0].x == ("B04<br>665", "B08<br>842") and traces(figure)[0].y == (0.02, 0.30)
    assert layout(figure).title.text == "Mean reflectance of each class: they lie furthest apart in B08"
    assert layout(figure).yaxis.title.text == "reflectance"
    assert traces(figure)[1].name == "Lake &lt;b&gt;"
    assert "0.300, standard deviation 0.100<br>200 images" in traces(figure)[0].hovertext[1]


def test_the_spread_reaches_one_standard_deviation_within_0_and_1():
    figure = class_spectra(
        [FOREST, LAKE], ["red", "nir"], [None, None], unit="share of full scale", spread_of={11}
    )
    band, forest, lake = traces(figure)
    assert forest.x == lake.x == ("red", "nir")
    assert (forest.name, lake.name) == ("Forest", "Lake &lt;b&gt;")
    assert band.y == pytest.approx((0.09, 0.03, 0.01, 0.0))
    assert layout(figure).xaxis.title.text == "band"
    alone = class_spectra([LAKE], ["red", "nir"], [None, None], unit="share of full scale")
    assert layout(alone).title.text == "Mean pixel value of Lake &lt;b&gt; in each band"


def test_few_sizes_are_bars_and_many_are_binned():
    widths, heights = np.array([64, 64, 64, 32]), np.array([64, 64, 48, 32])
    (bars,) = traces(image_sizes(widths, heights))
    assert (bars.y, bars.x) == (("32 x 32", "64 x 48", "64 x 64"), (1, 1, 2))
    title = layout(image_sizes(widths, heights)).title.text
    assert title == "3 sizes; 50% of the images are 64 x 64 px"
    sides = np.arange(100, 400)
    figure = image_sizes(sides, sides + 1)
    assert [trace.name for trace in traces(figure)] == ["width", "height"]
    assert traces(figure)[1].x.max() == 400


def test_footprints_have_their_size_on_the_ground():
    figure = footprints([places([9.0, 9.02], [60.0, 60.01], 640.0)], title="Where they lie")
    (squares,) = traces(figure)
    x, y = np.array(squares.x).reshape(2, 6), np.array(squares.y).reshape(2, 6)
    assert np.isnan(x[:, 5]).all() and (x[:, 0] == x[:, 4]).all()
    height_m = np.nanmax(y[0]) - np.nanmin(y[0])
    width_m = np.nanmax(x[0]) - np.nanmin(x[0])
    assert height_m * 111_320 == pytest.approx(640, rel=1e-3)
    assert width_m * 111_320 * math.cos(math.radians(60.005)) == pytest.approx(640, rel=1e-3)
    assert layout(figure).yaxis.scaleanchor == "x"
    assert layout(figure).yaxis.scaleratio == pytest.approx(2.0, rel=1e-3)  # 1 / cos 60 degrees


def test_tiles_far_apart_are_points_with_their_names():
    figure = footprints([places([9.0, 20.0], [45.0, 55.0], 640.0, filled=False)], title="Where they lie")
    (points,) = traces(figure)
    assert points.mode == "markers" and points.marker.symbol == "square-open"
    assert points.hovertext == ("0.tif", "1.tif")
