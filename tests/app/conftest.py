"""Every test of a page has a server, runs and data sets of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import rsdash.ui.server as shared
from rsdash.ui.startup import keep_import_path


@pytest.fixture(autouse=True)
def fresh_server(runs_dir: Path, data_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page that opens starts a server on empty folders."""
    monkeypatch.setattr(shared, "_server", None)
    keep_import_path()
