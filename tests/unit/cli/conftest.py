"""A run that tests of this folder look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.trained import Trained


@pytest.fixture(scope="session")
def trained(surveyed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A small run, trained to its end once; not to be changed."""
    import torch  # most tests do without

    from tests.trained import train_one

    threads = torch.get_num_threads()
    yield train_one(tmp_path_factory.getbasetemp() / "trained", surveyed)
    torch.set_num_threads(threads)
