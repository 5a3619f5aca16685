"""How many processors this process may use, and how its threads wait for each other."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Time a container may use and the period that it is of, in microseconds (Linux, cgroup v2)."""


SHORT_WAITS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}
"""Has torch's threads spin for about a quarter of a millisecond where they wait for each other, then sleep.

They meet hundreds of times a step. Going to sleep at once, as the policy alone has it, made steps of ResNet18
at 64 px (batch 64, bf16, two cores) a sixth slower; spinning for milliseconds, OpenMP's default, was no
faster and takes a processor from what else the machine has to do. No setting makes two trainings share two
cores well: together they were several times slower than one. GNU's libgomp, which comes with PyTorch on
Linux, knows both variables, others the first."""


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


def wait_shortly() -> None:
    """Set how threads wait, unless the environment does; call it before torch is imported, which reads it."""
    if not SHORT_WAITS.keys() & os.environ.keys():
        os.environ.update(SHORT_WAITS)
