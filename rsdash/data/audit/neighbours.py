"""Near-duplicates under the 8 symmetries of a square, found without comparing all pairs.

1. Each image gets a descriptor, the perceptual hash of this search: the amplitudes of the lowest
   cosine frequencies of its 16 x 16 thumbnail, and its colour. Mirroring changes only the signs of these
   coefficients, turning also swaps (u, v) with (v, u); absolute values sorted within each such pair
   therefore stay the same. Both maps never enlarge distances, so two images whose thumbnails differ by d
   under some symmetry have descriptors at most d apart. A k-d tree lists who is that close.
2. Of those, pairs whose thumbnails agree under some symmetry (Pearson's r) remain.
3. They are decoded again and must agree in full resolution: r of their grey values. r is indifferent to
   brightness and asks for less where the texture is strong, as JPEG's error grows with it.

The thresholds were set on EuroSAT: copies at JPEG quality 70 or 2 % brighter have a grey r of at least
0.83 and a thumbnail r of at least 0.98 where the grey standard deviation is 5 or more; of all pairs
of strangers that step 1 leaves, none has a thumbnail r above 0.87.

Images of one scene in different native sizes are not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from scipy.spatial import KDTree

from rsdash.data.audit.measure import THUMBNAIL_PX, Measurements, read_pixels, to_grey, to_levels
from rsdash.data.audit.result import NearDuplicates, Rows
from rsdash.data.audit.symmetry import SYMMETRY_NAMES, symmetry
from rsdash.data.dataset import Dataset
from rsdash.data.parallel import Progress

MIN_CONTRAST = 4.0
"""Grey standard deviation below which an image is too uniform: noise would outweigh what it shows."""
MIN_THUMBNAIL_CORRELATION = 0.92
MIN_CORRELATION = 0.75
RADIUS = 0.8
"""Grey levels (root mean square) by which descriptors of near-duplicates may differ ..."""
RADIUS_PER_CONTRAST = 0.025
"""... and this share of the thumbnail's standard deviation on top, for changes of brightness."""
MAX_NEIGHBOURS = 128
"""Of an image with more neighbours, as in a set of one motif, only the nearest are compared."""
MAX_LISTED = 8
"""Images of a group up to which each pair is looked at; beyond, only those that may link further images."""

_MAX_FREQUENCY = 10
"""Largest u² + v² of the descriptor's cosine frequencies: 12 numbers."""
_BRIGHTNESS_WEIGHT = 7.5
"""Of ln(mean + 10): 2 % are 0.15, well within the radius."""
_COLOUR_WEIGHT = 0.2
_ROWS_AT_ONCE = 512
_PAIRS_AT_ONCE = 16384

THRESHOLDS = {
    "min_contrast": MIN_CONTRAST,
    "min_thumbnail_correlation": MIN_THUMBNAIL_CORRELATION,
    "min_correlation": MIN_CORRELATION,
    "radius": RADIUS,
    "radius_per_contrast": RADIUS_PER_CONTRAST,
    "max_neighbours": MAX_NEIGHBOURS,
}
"""What decides which images are near-duplicates; stored with an audit."""


class _Candidate(NamedTuple):
    first: int
    second: int
    correlations: np.ndarray  # of the thumbnails under each symmetry of the second, (8,)


def find_near(
    dataset: Dataset, measured: Measurements, rows: np.ndarray, on_progress: Progress | None = None
) -> list[NearDuplicates]:
    """Pairs of near-duplicates among some rows, the most alike first.

    Args:
        dataset: where the pixels are.
        measured: of all rows.
        rows: sorted int64 (M,), those to compare: contrast of at least `MIN_CONTRAST`, no two with equal
            pixels.
        on_progress: called with (N, N) now and then; it may raise to stop the work.

    Returns:
        All pairs of a group of up to `MAX_LISTED` images; of a larger one those that link it, and a few more.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
    """
    linked = DisjointSet(rows.tolist())
    found: dict[tuple[int, int], NearDuplicates] = {}
    for first, second in _close_pairs(measured, rows):
        for pair in _agreeing(measured.thumbnails, first, second):
            _report(on_progress, len(dataset.manifest))
            known = pair[:2] in found  # from its other side
            if known or (linked.connected(*pair[:2]) and linked.subset_size(pair.first) > MAX_LISTED):
                continue
            confirmed = _confirm(dataset, pair)
            if confirmed:
                found[pair[:2]] = confirmed
                linked.merge(*pair[:2])
        _report(on_progress, len(dataset.manifest))
    return sorted(found.values(), key=lambda pair: (-pair.correlation, pair.first, pair.second))


def join(links: Iterable[Sequence[int]]) -> tuple[Rows, ...]:
    """Groups of rows that are linked, directly or through others; sorted, and each sorted."""
    links = list(links)
    linked = DisjointSet(sorted({row for link in links for row in link}))
    for link in links:
        for row in link[1:]:
            linked.merge(link[0], row)
    return tuple(sorted(tuple(sorted(subset)) for subset in linked.subsets()))


def descriptors(thumbnails: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Numbers that no symmetry changes, in grey levels (root mean square).

    Args:
        thumbnails: 0 to 255, (N, 16, 16).
        means: of red, green and blue, (N, 3).

    Returns:
        float32 (N, 15): 12 amplitudes of cosine frequencies, brightness, two of colour.
    """
    basis = _cosines()
    columns = []
    amplitudes = np.abs(basis @ thumbnails.astype(np.float32) @ basis.T) / THUMBNAIL_PX  # (N, 4, 4)
    for u in range(len(basis)):
        for v in range(max(u, 1), len(basis)):
            if u * u + v * v > _MAX_FREQUENCY:
                continue
            pair = amplitudes[:, u, v], amplitudes[:, v, u]
            columns += [pair[0]] if u == v else [np.maximum(*pair), np.minimum(*pair)]
    red, green, blue = means.T
    columns.append(_BRIGHTNESS_WEIGHT * np.log(means.mean(axis=1) + 10))
    columns += [_COLOUR_WEIGHT * (red - green), _COLOUR_WEIGHT * (blue - green)]
    return np.stack(columns, axis=1).astype(np.float32)


def _cosines() -> np.ndarray:
    """The lowest rows of the orthonormal discrete cosine transform (DCT-II), float32 (4, 16)."""
    count = int(_MAX_FREQUENCY**0.5) + 1
    angles = np.outer(np.arange(count), np.arange(THUMBNAIL_PX) + 0.5) * (np.pi / THUMBNAIL_PX)
    scale = np.where(np.arange(count) == 0, 1, 2) / THUMBNAIL_PX
    return (np.cos(angles) * np.sqrt(scale)[:, None]).astype(np.float32)


def _close_pairs(measured: Measurements, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows with close descriptors, in pieces, some twice: int64 (P,), (P,), first < second."""
    points = descriptors(measured.thumbnails[rows], measured.means[rows])
    spread = measured.thumbnails[rows].astype(np.float32).std(axis=(1, 2))
    radii = RADIUS + RADIUS_PER_CONTRAST * spread
    tree = KDTree(points)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        crowded = tree.query_ball_point(points[some], radii[some], return_length=True) > MAX_NEIGHBOURS
        near = tree.query_ball_point(points[some], np.where(crowded, 0, radii[some]))
        if crowded.any():
            nearest = np.asarray(tree.query(points[some][crowded], k=MAX_NEIGHBOURS)[1])
            for at, neighbours in zip(np.flatnonzero(crowded), nearest, strict=True):
                near[at] = neighbours
        first = np.repeat(np.arange(start, start + len(near)), [len(some) for some in near])
        second = np.concatenate([np.asarray(some, dtype=np.int64) for some in near])
        pairs = np.unique(np.sort(np.stack([first, second], axis=1), axis=1), axis=0)
        pairs = rows[pairs[pairs[:, 0] < pairs[:, 1]]]  # the rows are sorted, so first < second holds on
        for begin in range(0, len(pairs), _PAIRS_AT_ONCE):
            piece = pairs[begin : begin + _PAIRS_AT_ONCE]
            yield piece[:, 0], piece[:, 1]


def _agreeing(thumbnails: np.ndarray, first: np.ndarray, second: np.ndarray) -> list[_Candidate]:
    """Those of the pairs whose thumbnails agree under some symmetry, the most alike first."""
    left, right = _standardised(thumbnails[first]), _standardised(thumbnails[second])
    turned = (symmetry(right.transpose(1, 2, 0), number) for number in range(len(SYMMETRY_NAMES)))
    correlations = np.stack([np.einsum("nhw,hwn->n", left, other) for other in turned], axis=1)  # (P, 8)
    best = correlations.max(axis=1)
    kept = [at for at in np.argsort(-best, kind="stable") if best[at] >= MIN_THUMBNAIL_CORRELATION]
    return [_Candidate(int(first[at]), int(second[at]), correlations[at]) for at in kept]


def _standardised(images: np.ndarray) -> np.ndarray:
    """Mean 0 and norm 1, so that a product is Pearson's r: float32 (N, H, W)."""
    centred = images.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    return centred / np.maximum(norms, 1e-6)


def _confirm(dataset: Dataset, pair: _Candidate) -> NearDuplicates | None:
    """The pair under its best symmetry, if it agrees in full resolution too."""
    one, other = (to_levels(read_pixels(dataset, row)) for row in pair[:2])
    grey = _standardised(to_grey(one)[None])[0]
    best = None
    for number in np.flatnonzero(pair.correlations >= MIN_THUMBNAIL_CORRELATION).tolist():
        turned = symmetry(other, number)
        if turned.shape != one.shape:
            continue
        correlation = float((grey * _standardised(to_grey(turned)[None])[0]).sum())
        if correlation >= MIN_CORRELATION and (best is None or correlation > best.correlation):
            difference = float(np.abs(one - turned).mean())
            best = NearDuplicates(
                first=pair.first,
                second=pair.second,
                symmetry=number,
                difference=round(difference, 3),
                correlation=round(correlation, 4),
            )
    return best


def _report(on_progress: Progress | None, count: int) -> None:
    if on_progress:
        on_progress(count, count)
