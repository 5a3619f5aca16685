"""A command of `rsdash` on the trained run, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.trained import Trained


@pytest.fixture
def ask_trained(trained: Trained, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command with the trained run and what follows."""

    def call(name: str, *arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setenv("RSDASH_RUNS", "")
        place = trained.folder.path.parent
        return command("--runs-dir", place, name, trained.folder.id, *arguments)

    return call
