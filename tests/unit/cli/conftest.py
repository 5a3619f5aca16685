"""A command of `rsdash` on the trained run, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rsdash.cli import main
from tests.trained import Trained

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask_trained(trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command with the trained run and what follows: exit code, output, errors."""

    def call(command: str, *arguments: str | Path) -> tuple[int, str, str]:
        words = ["--runs-dir", trained.folder.path.parent, command, trained.folder.id, *arguments]
        monkeypatch.setattr(sys, "argv", ["rsdash", *map(str, words)])
        monkeypatch.setenv("RSDASH_RUNS", "")
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call
