"""Where windows lie on a scene, and how much each says of each cell of the result; no torch, no GDAL.

Windows have the size on the ground of the tiles that the model was trained on. The result has one cell a
stride. Along each side, windows begin at every multiple of the stride; where that leaves a rest, a last one
ends at the edge of the scene. A window weighs with Hann's function of the place that a cell's centre has in
it, sin²(pi t) for t from 0 to 1 (Harris 1978, doi 10.1109/PROC.1978.10837), so that its middle counts most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rsdash.errors import DataError
from rsdash.inference.scenes.record import MapRule, Pair

SAME_SIZE = 0.05
"""Windows whose size in pixels differs from that of training tiles by less are not resampled."""
COARSEST = 2.0
"""How much larger than those of training tiles the pixels of a scene may be; beyond, detail is lost."""
MOST_CELLS = 400_000_000


@dataclass(frozen=True)
class Side:
    """The windows along one side of a scene.

    Attributes:
        length_px: of the scene.
        window_px: of a window, at most `length_px`.
        stride_px: from one cell to the next.
        blend: whether overlapping windows are averaged; else the nearest one tells.
    """

    length_px: int
    window_px: int
    stride_px: int
    blend: bool

    @property
    def cells(self) -> int:
        """Cells of the result; the last one may reach over the edge."""
        return -(-self.length_px // self.stride_px)

    @cached_property
    def starts(self) -> np.ndarray:
        """First pixel of each window, int64 (n,)."""
        last = self.length_px - self.window_px
        starts = np.arange(0, last + 1, self.stride_px)
        return starts if starts[-1] == last else np.append(starts, last)

    @cached_property
    def first_cells(self) -> np.ndarray:
        """First cell of which each window says something, int64 (n,)."""
        return np.searchsorted(self._centres, self.starts, side="right")

    @cached_property
    def weights(self) -> np.ndarray:
        """What each window weighs on its cells from the first on, float64 (n, span); 0 beyond them."""
        span = -(-self.window_px // self.stride_px) + 1
        cells = self.first_cells[:, None] + np.arange(span)  # (n, span)
        centres = np.append(self._centres, np.full(span, np.inf))[cells]
        inside = (centres - self.starts[:, None]) / self.window_px
        heard = inside < 1
        if self.blend:
            return np.where(heard, np.sin(np.pi * np.where(heard, inside, 0)) ** 2, 0.0)
        middles = self.starts + self.window_px / 2
        nearest = np.abs(self._centres[:, None] - middles[None]).argmin(axis=1)  # (cells,)
        owners = np.append(nearest, np.full(span, -1))[cells]
        return (heard & (owners == np.arange(len(self.starts))[:, None])).astype(np.float64)

    @cached_property
    def _centres(self) -> np.ndarray:
        """Middle of each cell's part inside the scene, px, float64 (cells,)."""
        edges = np.minimum(np.arange(self.cells + 1) * self.stride_px, self.length_px)
        return (edges[:-1] + edges[1:]) / 2


@dataclass(frozen=True)
class Layout:
    """All windows of a scene.

    Attributes:
        across: along its width.
        down: along its height.
    """

    across: Side
    down: Side

    @property
    def window_px(self) -> Pair:
        """Width and height of a window."""
        return self.across.window_px, self.down.window_px

    @property
    def stride_px(self) -> Pair:
        """Width and height of a cell."""
        return self.across.stride_px, self.down.stride_px

    @property
    def grid(self) -> Pair:
        """Rows and columns of the result."""
        return self.down.cells, self.across.cells

    @property
    def windows(self) -> int:
        """Number of windows."""
        return len(self.across.starts) * len(self.down.starts)


def lay_windows(
    size_px: Pair, pixel_m: tuple[float, float], rule: MapRule, *, tile_px: int, name: str
) -> Layout:
    """Lay windows over a scene.

    Args:
        size_px: width and height of the scene.
        pixel_m: width and height of one of its pixels on the ground, metres.
        rule: how; its `tile_m` is known unless windows are in pixels.
        tile_px: side of the training tiles as they were stored.
        name: of the scene, for messages.

    Raises:
        DataError: the size of training tiles is not known, or the scene is too coarse or too small for it.
    """
    wanted = (tile_px, tile_px) if rule.windows == "pixels" else _in_metres(pixel_m, rule, tile_px, name)
    for length, window in zip(size_px, wanted, strict=True):
        if window > length:
            raise DataError(
                f"{name} has {size_px[0]:,} x {size_px[1]:,} px, less than one window of {wanted[0]:,} x "
                f"{wanted[1]:,} px; predict it as an image instead."
            )
    sides = [
        Side(length, window, max(1, round(rule.stride * window)), rule.blend)
        for length, window in zip(size_px, wanted, strict=True)
    ]
    if sides[0].cells * sides[1].cells > MOST_CELLS:
        raise DataError(
            f"The map of {name} would have {sides[1].cells:,} x {sides[0].cells:,} cells; choose a longer "
            "stride."
        )
    return Layout(*sides)


def _in_metres(pixel_m: tuple[float, float], rule: MapRule, tile_px: int, name: str) -> Pair:
    if rule.tile_m is None:
        raise DataError(
            "How large the training tiles are on the ground is not known: their files do not say where they "
            "lie. Give the side of a tile in metres, such as 640 for EuroSAT."
        )
    trained_m = rule.tile_m / tile_px
    if max(pixel_m) > COARSEST * trained_m:
        size = (
            f"{pixel_m[0]:.3g}" if np.isclose(*pixel_m, rtol=0.01) else f"{pixel_m[0]:.3g} x {pixel_m[1]:.3g}"
        )
        raise DataError(
            f"{name} has pixels of {size} m, but the model was trained on pixels of {trained_m:.3g} m: a "
            f"scene may be at most {COARSEST:g} times coarser. Choose windows in pixels to try it all the "
            "same, as an experiment."
        )
    exact = (rule.tile_m / pixel_m[0], rule.tile_m / pixel_m[1])
    if all(abs(side / tile_px - 1) < SAME_SIZE for side in exact):
        return tile_px, tile_px
    return max(1, round(exact[0])), max(1, round(exact[1]))
