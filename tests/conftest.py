"""Places for runs and data sets of each test, a small data set, and the command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rsdash.cli import main
from rsdash.models.catalogue import catalogue_path, load_catalogue

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # several tests at a time share the processors

from tests.tiny import make_tiles  # torch, if anything here imports it, reads the variable once

Command = Callable[..., tuple[int, str, str]]
"""Words of a command, without `rsdash` → exit code, output, errors."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rsdash", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder, which RSDASH_RUNS names."""
    place = tmp_path / "runs"
    place.mkdir()
    monkeypatch.setenv("RSDASH_RUNS", str(place))
    return place


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of models, surveyed once for all tests."""
    place = tmp_path_factory.mktemp("surveyed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(place))
        load_catalogue()
        return catalogue_path()


@pytest.fixture
def data_place(tmp_path: Path, surveyed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with no data sets, which RSDASH_DATA names."""
    place = tmp_path / "data"
    monkeypatch.setenv("RSDASH_DATA", str(place))
    catalogue_path().parent.mkdir(parents=True)
    shutil.copy(surveyed, catalogue_path())
    return place


@pytest.fixture
def tiles_dir(tmp_path: Path) -> Path:
    """20 tiles of 32 px of each of Forest, Lake and Road."""
    return make_tiles(tmp_path / "tiles")
