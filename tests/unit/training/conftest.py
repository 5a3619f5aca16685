"""A queue of small runs, and arithmetic on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from rsdash.jobs.submit import submit
from rsdash.runs.folder import RunFolder
from tests.tiny import small_config

Queue = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums in the same order each time, and small networks in less of it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def repeatable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sums of a GPU in the same order each time, as with `deterministic=true`; nothing elsewhere."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def queue(runs_dir: Path, data_place: Path) -> Iterator[Queue]:
    """Queue a small run on a data set of the given name."""
    threads = torch.get_num_threads()

    def make(data: str, **settings: Any) -> RunFolder:
        return submit(small_config(data=data, **settings), runs_dir=runs_dir)

    yield make
    torch.set_num_threads(threads)
