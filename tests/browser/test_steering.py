"""One run steered from its page: pause, another learning rate, resume, another length, extension."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsdash.runs.amendments import read_amendments
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.browser.conftest import PROJECT, RunningServer
from tests.browser.steps import TRAINING_MS, go, press
from tests.tiny import SMALL_MODEL, make_tiles, run_folders, wait_for

pytestmark = pytest.mark.browser
CHANGED = "Values are those in force now"
"""Stands below the settings of a run once one was changed on the way."""
SOON = 150
"""Epochs of the smallest network, which take some ten seconds: time to ask for them, and to see them end."""


def queue_run(server: RunningServer, tiles: Path) -> RunFolder:
    """Queue a long run of a small network from the command line; the server's runner takes it."""
    settings = {**SMALL_MODEL, "epochs": 5000, "data": tiles}
    ask(
        server,
        "train",
        "--detach",
        *[f"--{name.replace('_', '-')}={value}" for name, value in settings.items()],
    )
    [folder] = run_folders(server.runs)
    return folder


def ask(server: RunningServer, *command: str) -> None:
    """Run a command of rsdash on the server's folders."""
    environment = {**os.environ, "RSDASH_RUNS": str(server.runs), "RSDASH_DATA": str(server.data)}
    command = (sys.executable, "-m", "rsdash", *command)
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)


def change(page: Page, run_id: str, field: str, value: str | Callable[[], str]) -> None:
    """Fill one field of the folded form and apply it; a value may be found once the form is open."""
    press(page, "change")
    box = page.locator(f".st-key-{field}-{run_id} input")
    expect(box).to_be_visible()
    box.fill(value if isinstance(value, str) else value())
    box.press("Tab")
    press(page, "apply-change")


def test_a_run_is_paused_changed_resumed_shortened_and_extended(
    page: Page, live_server: RunningServer, tmp_path: Path
) -> None:
    folder = queue_run(live_server, make_tiles(tmp_path / "tiles"))
    go(page, f"/run?run={folder.id}")
    expect(page).to_have_title(re.compile(r"^\d+%"), timeout=TRAINING_MS)
    page.get_by_text("Settings", exact=True).click()
    expect(page.get_by_text("Recipe: paper")).to_be_visible()
    expect(page.get_by_text(CHANGED)).not_to_be_visible()
    ask(live_server, "change", folder.id, "--learning-rate", "0.0003")
    expect(page.get_by_text(CHANGED)).to_be_visible()  # without a click
    press(page, "pause")
    expect(page).to_have_title(re.compile("paused"), timeout=TRAINING_MS)

    change(page, folder.id, "new-rate", "0.0002")
    expect(page.get_by_text("Learning rate 0.0002: done")).to_be_visible()
    press(page, "resume")
    expect(page).to_have_title(re.compile(r"^\d+%"), timeout=TRAINING_MS)
    [_, rate] = read_amendments(folder.metrics_path)
    wait_for(lambda: folder.state().summary.step > rate.step, "steps at the new rate")

    change(page, folder.id, "new-epochs", lambda: str(folder.state().summary.epoch + SOON))
    wait_for(lambda: len(read_amendments(folder.metrics_path)) == 3, "the new length")
    ends = int(read_amendments(folder.metrics_path)[-1].value)
    expect(page.get_by_text(f"Epochs {ends}: done")).to_be_visible()
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)
    assert folder.state().summary.epoch == ends

    change(page, folder.id, "new-epochs", str(ends + 5))
    wait_for(lambda: folder.state().summary.epoch == ends + 5, "the epochs that were added")
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)
    wait_for(lambda: folder.state().state is RunState.FINISHED, "the run to be evaluated again")
    rates = [line.fields["learning_rate"] for line in read_lines(folder.metrics_path)
             if line.fields["kind"] == "step" and line.fields["step"] > rate.step]  # fmt: skip
    assert set(rates) == {0.0002}

    ask(live_server, "change", folder.id, "--epochs", "5000")
    expect(page).to_have_title(re.compile(r"^\d+%"), timeout=TRAINING_MS)  # the page notices by itself
    press(page, f"back-to-epoch-{ends + 5}")
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)
    assert folder.state().summary.epoch == ends + 5
