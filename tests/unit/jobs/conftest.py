"""A job runner whose workers only hold their lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rsdash.jobs.runner import JobRunner
from rsdash.runs.index import RunIndex
from tests.holding import HoldingExecutor


@pytest.fixture
def executor() -> Iterator[HoldingExecutor]:
    holding = HoldingExecutor()
    yield holding
    for run in holding.launched:
        run.end(0)


@pytest.fixture
def runner(tmp_path: Path, executor: HoldingExecutor) -> Iterator[JobRunner]:
    made = JobRunner(tmp_path, RunIndex(tmp_path), executor)
    yield made
    made.stop(suspend_workers=False)
