"""How many processors a process may use, bound or in a container, and how its threads wait for each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsdash import processors as module
from rsdash.processors import SHORT_WAITS, processors

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processes are not bound here")


@linux
def test_a_process_that_is_bound_to_one_processor_uses_one() -> None:
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from rsdash.processors import processors; print(processors())"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "1"


@linux
@pytest.mark.parametrize(
    ("limit", "expected"),
    [("100000 100000", 1), ("150000 100000", 2), ("max 100000", 8), ("50000 100000", 1)],
)
def test_a_containers_share_of_time_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    monkeypatch.setattr(module, "CGROUP_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert processors() == expected


COMMAND_LINE = """
import os, sys
from rsdash.cli import main
from rsdash.processors import SHORT_WAITS
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    print("torch" in sys.modules, *[os.environ.get(name) for name in SHORT_WAITS])
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, list(SHORT_WAITS.values())),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["ACTIVE", "None"]),
        ({"GOMP_SPINCOUNT": "5"}, ["None", "5"]),
    ],
)
def test_how_threads_wait_is_set_before_torch_is_there_unless_it_is_given(
    given: dict[str, str], expected: list[str]
) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SHORT_WAITS} | given
    printed = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split()[-3:] == ["False", *expected]
