"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Time a container may use and the period that it is of, in microseconds (Linux, cgroup v2)."""


def processors() -> int:
    """Those that the process is bound to (taskset, SLURM), as far as a container's share of time allows.

    More threads than that wait for each other: training on one processor with eight took six to eleven
    times as long as with one.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such limit, or "max"
        allowed, period = CGROUP_LIMIT.read_text().split()
        return max(1, min(bound, math.ceil(int(allowed) / int(period))))
    return bound
