"""Batches from the pixel cache against torchvision's ImageFolder with PIL transforms, on one core.

Both give the same images in the same order as normalized float32 batches: rsdash from its cache
(`Tiles.batch`), the other by reading files, decoding, Resize, ToTensor and Normalize, in a DataLoader
without workers. They take turns, round by round; printed are medians over the rounds and their
ratio. The bars are 3 times at 224 px and 10 times at 64 px; exits with 1 where one is missed. The mean
deviation between the two, in grey levels, shows that they give the same pictures. The time to build
the cache, which is spent once a data set, is printed beside it.

    python -m benchmarks.pixel_cache --zip eurosat_rgb.zip
    python -m benchmarks.pixel_cache                            # the built-in sample

Run it from the root of the project, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from rsdash.data import Dataset, open_dataset, open_pixels
from rsdash.errors import RsdashError
from rsdash.home import DATA_VARIABLE
from rsdash.training.tiles import PixelScale, Tiles, measure_scale

BARS = {224: 3.0, 64: 10.0}
"""Side in px → smallest ratio."""
BATCH = 64
WARM_UP_ROUNDS = 1


class Contest(NamedTuple):
    """What both contestants read: images of one side, in one order."""

    dataset: Dataset
    folder: ImageFolder
    order: np.ndarray
    side_px: int


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--zip", default="sample", help="zip or folder of a data set; the sample if not given"
    )
    parser.add_argument("--images", type=int, default=1024, help="images a round")
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds of each, after one to warm up")
    options = parser.parse_args()
    take_one_core()
    with tempfile.TemporaryDirectory(prefix="rsdash-pixels-") as place:
        os.environ[DATA_VARIABLE] = str(Path(place) / "data")
        try:
            dataset = open_dataset(options.zip)
        except RsdashError as error:
            parser.error(str(error))
        rows = np.random.default_rng(0).permutation(len(dataset.manifest))[: options.images]
        folder = extract(dataset, rows, Path(place) / "extracted")
        met = [compare(Contest(dataset, folder, rows, side_px), options.rounds) for side_px in BARS]
    return 0 if all(met) else 1


def take_one_core() -> None:
    """Leave this process one core, where the system can, and torch one thread."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)


def extract(dataset: Dataset, rows: np.ndarray, place: Path) -> ImageFolder:
    """Write some images into a folder per class; their order is that of `rows`."""
    manifest = dataset.manifest
    for name in manifest.classes:
        (place / name).mkdir(parents=True)
    for position, row in enumerate(rows.tolist()):
        suffix = Path(manifest.names[row]).suffix
        path = place / manifest.classes[manifest.labels[row]] / f"{position:06}{suffix}"
        path.write_bytes(dataset.read_image(row))
    return ImageFolder(str(place), allow_empty=True)


def compare(contest: Contest, rounds: int) -> bool:
    """Print the figures at one size; whether the bar is met."""
    began = time.perf_counter()
    pixels = open_pixels(contest.dataset, contest.side_px)
    build_s = time.perf_counter() - began
    scale = measure_scale(pixels, contest.order)
    cached, plain = cache_reader(contest, pixels, scale), folder_reader(contest, scale)
    pairs = [(cached(), plain()) for _ in range(WARM_UP_ROUNDS + rounds)][WARM_UP_ROUNDS:]
    own_s = statistics.median(own.elapsed_s for own, _ in pairs)
    plain_s = statistics.median(other.elapsed_s for _, other in pairs)
    count, ratio, bar = len(contest.order), plain_s / own_s, BARS[contest.side_px]
    spread = torch.tensor(scale.std).view(1, -1, 1, 1) * 255
    deviation = ((pairs[-1][0].last - pairs[-1][1].last) * spread).abs().mean()
    print(
        f"{contest.side_px} px: {ratio:.1f} times ImageFolder + PIL (bar {bar:g}): "
        f"{'met' if ratio >= bar else 'missed'}\n"
        f"  {count / own_s:,.0f} against {count / plain_s:,.0f} images/s, batches of {BATCH}, "
        f"{rounds} rounds of {count:,} images of {contest.dataset.name}; "
        f"mean deviation {deviation:.2f} grey levels\n"
        f"  cache of {len(pixels):,} images of {pixels.shape[1]} px: {build_s:.1f} s",
        flush=True,
    )
    return ratio >= bar


class Round(NamedTuple):
    """One pass over all batches: its time in seconds, and the last batch."""

    elapsed_s: float
    last: Tensor


def cache_reader(contest: Contest, pixels: np.ndarray, scale: PixelScale) -> Callable[[], Round]:
    """Batches as training takes them."""
    tiles = Tiles(
        pixels,
        contest.dataset.manifest.labels,
        rows=contest.order,
        side_px=contest.side_px,
        scale=scale,
        device=torch.device("cpu"),
    )
    return lambda: timed(tiles.in_order(BATCH))


def folder_reader(contest: Contest, scale: PixelScale) -> Callable[[], Round]:
    """Batches as tutorials make them."""
    side = contest.side_px
    contest.folder.transform = transforms.Compose(
        [transforms.Resize((side, side)), transforms.ToTensor(), transforms.Normalize(scale.mean, scale.std)]
    )
    in_order = np.argsort([Path(path).stem for path, _ in contest.folder.samples]).tolist()
    loader = DataLoader(Subset(contest.folder, in_order), batch_size=BATCH)
    return lambda: timed(loader)


def timed(batches: Iterable[tuple[Tensor, Tensor]]) -> Round:
    """Take all batches."""
    began, last = time.perf_counter(), torch.empty(0)
    for images, _ in batches:
        last = images
    return Round(time.perf_counter() - began, last)


if __name__ == "__main__":
    sys.exit(main())
