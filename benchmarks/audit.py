"""Scan, audit and pixel cache of a data set: time and memory, and what the audit finds of planted copies.

First the data set is added (scan and fingerprint), audited and cached at 64 px, with an eighth of its tiles
before and after for comparison. Printed are the times with the user's CPU time beside them, the peak of the
resident memory of all processes together, and the time a tile at full size against 3,000 tiles.

Then copies of 500 tiles of grey standard deviation 5 or more are planted, each with one change: turned by
90°, 180° or 270°, mirrored, JPEG quality 70, or 2 % brighter or darker. Printed are recall for each kind,
other tiles that were reported (real twins, with a mean absolute difference of at most 4 grey levels, aside),
tiles too uniform to judge, and planted pairs that a split could part. Exits with 1 where a bar is missed.

    python -m benchmarks.audit PATH_TO_ZIP [--seed 0] [--jpeg 75]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import psutil

import rsdash.data.audit.neighbours  # noqa: F401  # loaded before the clock starts, for set and part alike
from benchmarks.planting import Planted, image_names, plant, read_members, write_zip
from rsdash.data import add_dataset, open_pixels
from rsdash.data.audit import Audit, audit_dataset
from rsdash.data.dataset import Dataset
from rsdash.data.splits import PARTS, make_split, twin_grouping
from rsdash.home import DATA_VARIABLE, data_dir

LONGEST_S = 90.0
LARGEST_BYTES = 10**9
LARGEST_RATIO = 1.3
SMALLEST_RECALL = 0.99
LARGEST_FALSE_SHARE = 0.001
PART = 3000
TWIN_DIFFERENCE = 4.0
SIDE_PX = 64
POLL_S = 0.02

Result = TypeVar("Result")


class Timing(NamedTuple):
    """Seconds of wall clock and of the user's CPU."""

    wall_s: float
    user_s: float


class Costs(NamedTuple):
    """What adding, auditing and caching a data set took."""

    scan: Timing
    audit: Timing
    cache: Timing
    peak_bytes: int

    @property
    def total(self) -> Timing:
        """All three together."""
        steps = (self.scan, self.audit, self.cache)
        return Timing(sum(step.wall_s for step in steps), sum(step.user_s for step in steps))


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("zip", type=Path, help="a zip of class folders, such as EuroSAT's")
    parser.add_argument("--seed", type=int, default=0, help="decides which tiles are copied")
    parser.add_argument("--jpeg", type=int, help="store turned and brightened copies as JPEG of this quality")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rsdash-audit-") as place:
        os.environ[DATA_VARIABLE] = place
        missed = measure_costs(arguments.zip, Path(place))
        missed += measure_findings(arguments.zip, Path(place), arguments.seed, arguments.jpeg)
    for bar in missed:
        print(f"missed: {bar}")
    return int(bool(missed))


def measure_costs(archive: Path, place: Path) -> list[str]:
    """Print times and memory; returns the bars that were missed."""
    names = image_names(archive)
    chosen = [names[at] for at in np.linspace(0, len(names) - 1, min(PART, len(names))).astype(int)]
    part = write_zip(place / "part.zip", read_members(archive, chosen))
    parts = [costs(part, "part-1")]
    full = costs(archive, "full")
    parts.append(costs(part, "part-2"))
    for name, step in zip(("scan + fingerprint", "audit", "pixel cache"), full[:3], strict=True):
        print(f"{name}: {step.wall_s:.1f} s ({step.user_s:.1f} s of CPU)")
    per_tile = full.total.wall_s / len(names)
    ratio = per_tile / np.mean([cost.total.wall_s / len(chosen) for cost in parts])
    user_ratio = full.total.user_s / len(names) / np.mean([cost.total.user_s / len(chosen) for cost in parts])
    print(
        f"together: {full.total.wall_s:.1f} s ({full.total.user_s:.1f} s of CPU) for {len(names):,} tiles "
        f"(bar {LONGEST_S:.0f} s), peak memory {full.peak_bytes / 1e6:.0f} MB "
        f"(bar {LARGEST_BYTES / 1e6:.0f} MB)"
    )
    print(
        f"a tile: {per_tile * 1e3:.2f} ms, {ratio:.2f} times that of {len(chosen):,} tiles "
        f"(bar {LARGEST_RATIO}); {user_ratio:.2f} times in CPU"
    )
    bars = {
        "time": full.total.wall_s > LONGEST_S,
        "memory": full.peak_bytes > LARGEST_BYTES,
        "growth": ratio > LARGEST_RATIO,
    }
    return [bar for bar, is_missed in bars.items() if is_missed]


def costs(archive: Path, name: str) -> Costs:
    """Add, audit and cache a data set, whose pixels are forgotten again: equal files share one cache."""
    with peak_memory() as peak:
        dataset, scan = timed(lambda: add_dataset(archive, name))
        _, audit = timed(lambda: audit_dataset(dataset))
        _, cache = timed(lambda: open_pixels(dataset, SIDE_PX))
    shutil.rmtree(data_dir() / "cache")
    return Costs(scan, audit, cache, max(peak))


def measure_findings(archive: Path, place: Path, seed: int, jpeg: int | None) -> list[str]:
    """Print what the audit finds of planted copies; returns the bars that were missed."""
    names = image_names(archive)
    members = read_members(archive, names)
    planted = plant(members, seed, jpeg)
    dataset = add_dataset(write_zip(place / "planted.zip", members), "planted")
    audit = audit_dataset(dataset)
    found = found_pairs(dataset, audit, planted)
    for kind in sorted({copy.kind for copy in planted}):
        of_kind = [is_found for copy, is_found in zip(planted, found, strict=True) if copy.kind == kind]
        print(f"{kind}: {sum(of_kind)} of {len(of_kind)} copies found")
    recall = sum(found) / len(planted)
    reported = false_reports(dataset, audit, planted)
    others = len(names) - len(planted)
    print(f"recall {recall:.4f} of {len(planted)} copies (bar {SMALLEST_RECALL}, seed {seed})")
    print(
        f"other tiles reported: {len(reported)} of {others:,}, {len(reported) / others:.3%} "
        f"(bar {LARGEST_FALSE_SHARE:.1%}){': ' if reported else ''}{', '.join(reported)}"
    )
    print(f"too uniform to judge: {len(audit.too_uniform):,} of {audit.image_count:,} tiles")
    parted = parted_pairs(dataset, audit, planted)
    unaware = parted_pairs(dataset, None, planted)
    print(f"planted pairs that a split parts: {parted}; without the audit {unaware}")
    bars = {
        "recall": recall < SMALLEST_RECALL,
        "other tiles": len(reported) > LARGEST_FALSE_SHARE * others,
        "pairs apart": parted > 0,
    }
    return [bar for bar, is_missed in bars.items() if is_missed]


def found_pairs(dataset: Dataset, audit: Audit, planted: Sequence[Planted]) -> list[bool]:
    """Whether each copy is in the group of its tile."""
    groups, row_of = audit.group_ids(), rows_by_end(dataset)
    return [bool(groups[row_of(copy.original)] == groups[row_of(copy.copy)]) for copy in planted]


def parted_pairs(dataset: Dataset, audit: Audit | None, planted: Sequence[Planted]) -> int:
    """Copies on another side of a 60/20/20 split than their tile."""
    grouping = twin_grouping(audit.group_ids(), "benchmark") if audit else None
    split = make_split(
        dataset.manifest, validation_share=0.2, test_share=0.2, split_seed=0, grouping=grouping
    )
    side = np.empty(len(dataset.manifest), dtype=np.int64)
    for number, part in enumerate(PARTS):
        side[getattr(split, part)] = number
    row_of = rows_by_end(dataset)
    return sum(bool(side[row_of(copy.original)] != side[row_of(copy.copy)]) for copy in planted)


def false_reports(dataset: Dataset, audit: Audit, planted: Sequence[Planted]) -> list[str]:
    """Names of tiles that were reported beside another than their own copy, and are no real twins of it."""
    row_of = rows_by_end(dataset)
    tile_of = {row_of(copy.copy): row_of(copy.original) for copy in planted}
    strangers: Counter[int] = Counter()
    for pair in audit.near:
        tiles = {tile_of.get(row, row) for row in (pair.first, pair.second)}
        if len(tiles) == 2 and pair.difference > TWIN_DIFFERENCE:
            strangers.update(tiles)
    return [dataset.manifest.names[row] for row in strangers]


def rows_by_end(dataset: Dataset) -> Callable[[str], int]:
    """Row of a zip member, whose name may stand below a folder that a data set leaves out."""
    rows = {"/".join(name.split("/")[-2:]): row for row, name in enumerate(dataset.manifest.names)}
    return lambda member: rows["/".join(member.split("/")[-2:])]


def timed(work: Callable[[], Result]) -> tuple[Result, Timing]:
    """The result of some work, and what it took."""
    wall, user = time.perf_counter(), psutil.Process().cpu_times().user
    result = work()
    return result, Timing(time.perf_counter() - wall, psutil.Process().cpu_times().user - user)


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Resident bytes of this process and all below it, summed, sampled until the end of the block."""
    samples = [resident_bytes()]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(POLL_S):
            samples.append(resident_bytes())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def resident_bytes() -> int:
    """Resident memory of this process and all below it."""
    total = 0
    process = psutil.Process()
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    sys.exit(main())
