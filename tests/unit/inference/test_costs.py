"""The estimated memory of a run is about what a process that does it really takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rsdash.home import PROJECT_DIR

PROGRAM = """
import resource
import rsdash.inference.service
from rsdash.config import RGB8
from rsdash.inference.costs import measure_profile
from tests.tiny import small_config

wide = small_config(model="resnet18", im_size=64, batch_size=8, width=1.0, hidden_layers=2)
large, small = (measure_profile(config, 10, RGB8) for config in (wide, small_config()))
print(large.memory_bytes, small.memory_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts in other units elsewhere")
def test_the_memory_of_the_process_is_part_of_the_estimate() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    large, small, peak = map(int, done.stdout.split())
    assert 0.5 < large / peak < 1.25  # the peak holds what the allocator keeps of one trial for the next
    assert small < large  # what was measured before is no part of it
