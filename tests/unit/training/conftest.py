"""A queue of small runs."""

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


@pytest.fixture
def queue(runs_dir: Path, data_place: Path) -> Iterator[Queue]:
    """Queue a small run on a data set of the given name."""
    threads = torch.get_num_threads()

    def make(data: str, **settings: Any) -> RunFolder:
        return submit(small_config(data=data, **settings), runs_dir=runs_dir)

    yield make
    torch.set_num_threads(threads)
