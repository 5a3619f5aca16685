"""What is costly to make and shared by tests of several modules."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsdash.models.catalogue import catalogue_path
from tests.exported import Exported, train_and_export


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, surveyed: Path) -> Exported:
    """A small trained run and its bundle; not to be changed."""
    place = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(place / "data"))
        catalogue_path().parent.mkdir(parents=True)
        shutil.copy(surveyed, catalogue_path())
    return train_and_export(place)
