"""The run that was chosen stays chosen while it is renamed, though the browser holds its old name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.browser.conftest import SETTLED, RunningServer
from tests.browser.steps import LOOKED_MS, go_where_runs_are_new
from tests.tiny import make_run

pytestmark = pytest.mark.browser


@pytest.fixture
def runs(live_server: RunningServer, tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    """Two finished runs; lists show the second one first."""
    live_server.runs.mkdir(exist_ok=True)
    older, newer = (
        make_run(live_server.runs, name=name, state=RunState.FINISHED) for name in ("older", "newer")
    )
    return older, newer


def run_anew(page: Page) -> None:
    """Have the whole script of the page run, as a part does that is opened or closed."""
    page.get_by_text("Import a model", exact=True).click()
    page.wait_for_selector(SETTLED)


def test_a_renamed_run_stays_chosen(page: Page, runs: tuple[RunFolder, RunFolder]) -> None:
    older, _ = runs
    go_where_runs_are_new(page, f"/run?run={older.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("older")
    older.write_about(name="renamed")
    page.wait_for_timeout(LOOKED_MS)
    for _ in range(3):
        run_anew(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("renamed")
        assert older.id in page.url
    expect(page.locator(".st-key-run input")).to_have_value(re.compile("^renamed"))


def test_runs_of_one_name_are_chosen_by_address(page: Page, runs: tuple[RunFolder, RunFolder]) -> None:
    for folder in runs:
        folder.write_about(name="the same")
    for folder in runs:
        go_where_runs_are_new(page, f"/run?run={folder.id}")
        page.get_by_text("Environment and log", exact=True).click()
        for _ in range(2):
            run_anew(page)
            expect(page.locator(".st-key-open-log")).to_contain_text(folder.id)
            assert folder.id in page.url
