"""Places for runs and data sets of each test, and a small data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import make_tiles


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder, which RSDASH_RUNS names."""
    place = tmp_path / "runs"
    place.mkdir()
    monkeypatch.setenv("RSDASH_RUNS", str(place))
    return place


@pytest.fixture
def data_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which RSDASH_DATA names."""
    place = tmp_path / "data"
    monkeypatch.setenv("RSDASH_DATA", str(place))
    return place


@pytest.fixture
def tiles_dir(tmp_path: Path) -> Path:
    """20 tiles of 32 px of each of Forest, Lake and Road."""
    return make_tiles(tmp_path / "tiles")
