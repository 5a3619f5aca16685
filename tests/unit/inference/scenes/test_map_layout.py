"""Windows on a scene: their size on the ground, where they begin, and what they weigh."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.errors import DataError
from rsdash.inference.scenes.layout import Side, lay_windows
from rsdash.inference.scenes.record import MapRule

EUROSAT = MapRule(tile_m=640.0)


def lay(size: tuple[int, int], pixel_m: float, rule: MapRule = EUROSAT, tile_px: int = 64):
    return lay_windows(size, (pixel_m, pixel_m), rule, tile_px=tile_px, name="scene.tif")


@pytest.mark.parametrize(
    ("pixel_m", "window_px"), [(10.0, 64), (10.4, 64), (9.6, 64), (9.0, 71), (5.0, 128), (20.0, 32)]
)
def test_a_window_is_as_large_on_the_ground_as_a_training_tile(pixel_m: float, window_px: int) -> None:
    assert lay((2000, 1000), pixel_m).window_px == (window_px, window_px)


def test_pixels_that_are_not_square_make_windows_that_are_not() -> None:
    layout = lay_windows((2000, 1000), (5.0, 10.0), EUROSAT, tile_px=64, name="scene.tif")
    assert layout.window_px == (128, 64)


def test_a_coarse_scene_is_refused_with_both_pixel_sizes() -> None:
    with pytest.raises(DataError, match=r"pixels of 300 m.*trained on pixels of 10 m"):
        lay((791, 718), 300.0)


def test_windows_in_pixels_are_laid_on_any_scene() -> None:
    assert lay((791, 718), 300.0, MapRule(windows="pixels")).window_px == (64, 64)


def test_an_unknown_tile_size_is_asked_for() -> None:
    with pytest.raises(DataError, match="side of a tile in metres"):
        lay((2000, 1000), 10.0, MapRule())


def test_a_scene_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(DataError, match="less than one window"):
        lay((2000, 60), 10.0)


@pytest.mark.parametrize("stride", [16, 20, 32, 64])
@pytest.mark.parametrize("length", [64, 640, 650, 703])
def test_windows_reach_from_edge_to_edge(length: int, stride: int) -> None:
    side = Side(length, 64, stride, blend=True)
    assert side.starts[0] == 0 and side.starts[-1] == length - 64
    assert (np.diff(side.starts) > 0).all() and (np.diff(side.starts) <= stride).all()


@pytest.mark.parametrize("blend", [True, False])
@pytest.mark.parametrize(("window", "stride"), [(64, 16), (64, 20), (71, 18), (64, 64), (9, 2)])
@pytest.mark.parametrize("length", [128, 640, 650, 703])
def test_weights_are_those_of_the_definition(length: int, window: int, stride: int, blend: bool) -> None:
    side = Side(length, window, stride, blend)
    dense = np.zeros((len(side.starts), side.cells))
    for number, (first, weights) in enumerate(zip(side.first_cells, side.weights, strict=True)):
        places = np.flatnonzero(weights)
        dense[number, first + places] = weights[places]
    expected = np.zeros_like(dense)
    middles = side.starts + window / 2
    for cell in range(side.cells):
        centre = (cell * stride + min((cell + 1) * stride, length)) / 2
        inside = (centre - side.starts) / window
        heard = (inside > 0) & (inside < 1)
        nearest = np.arange(len(middles)) == np.abs(middles - centre).argmin()
        expected[:, cell] = np.where(heard, np.sin(np.pi * inside) ** 2 if blend else nearest, 0)
    np.testing.assert_allclose(dense, expected, atol=1e-12)
    assert (dense.sum(axis=0) > 0).all(), "a cell that no window tells anything of"
