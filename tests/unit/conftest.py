"""What is costly to make and shared by tests of several modules."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rsdash.models.catalogue import catalogue_path
from tests.exported import Exported, train_and_export

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


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, surveyed: Path) -> Exported:
    """A small trained run and its bundle; not to be changed."""
    place = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(place / "data"))
        catalogue_path().parent.mkdir(parents=True)
        shutil.copy(surveyed, catalogue_path())
    return train_and_export(place)
