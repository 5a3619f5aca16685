"""Limits that the environment sets: what is mistyped is said where a server or a command starts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st

from rsdash.errors import ConfigError
from rsdash.home import kept_checkpoints
from rsdash.ui.startup import SHELL, lifespan
from tests.conftest import Command

WRONG = ("three", "-1", "2.5", "²")
MISTYPED = (
    *(("RSDASH_KEPT_CHECKPOINTS", text) for text in WRONG),
    ("RSDASH_CACHE_GB", "plenty"),
    ("RSDASH_SERVICE_IDLE_S", "5min"),
)


@pytest.mark.parametrize(("text", "kept"), [("", 3), ("0", 0), ("12", 12), (" 5 ", 5)])
def test_a_number_of_checkpoints_is_taken(text: str, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDASH_KEPT_CHECKPOINTS", text)
    assert kept_checkpoints() == kept


@pytest.mark.parametrize(("variable", "text"), MISTYPED)
def test_a_command_refuses_a_mistyped_limit(
    variable: str, text: str, command: Command, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    code, out, errors = command("runs")
    assert (code, out) == (2, "")
    assert errors.startswith(f"{variable}={text} is no ") and errors.count("\n") == 1


@pytest.mark.parametrize(("variable", "text"), MISTYPED)
def test_a_server_does_not_start_on_a_mistyped_limit(
    variable: str, text: str, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)

    async def start() -> None:
        async with lifespan(st.App(SHELL)):
            raise AssertionError("it started")

    with (
        ThreadPoolExecutor(1) as thread,  # this one may have a browser's event loop
        pytest.raises(ConfigError, match=f"{variable}={text} is no "),
    ):
        thread.submit(lambda: asyncio.run(start())).result()
