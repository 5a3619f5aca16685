"""Images dropped in a real browser: predictions, a refusal, what the model learnt, and a correction."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Position, expect

from rsdash.data.sample import write_sample
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.browser.conftest import PROJECT, SETTLED, RunningServer
from tests.browser.steps import TRAINING_MS, choose, drop_files, go_where_runs_are_new, press
from tests.tiny import SMALL_MODEL, run_folders, wait_for

pytestmark = pytest.mark.browser
CLASSES = ("Forest", "Residential", "River")
PER_CLASS = 40
TABLE = ".st-key-result-table [class*='st-key-results-']"
HEADER_PX, ROW_PX, CHECKBOX_X, CELL_X = 35, 48, 15, 200


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A folder per class of real tiles, or of the sample's where there are none."""
    place = tmp_path / "tiles"
    archive = Path(os.environ.get("RSDASH_TEST_DATA") or "") / "eurosat_rgb.zip"
    if not archive.is_file():
        write_sample(tmp_path, None)
        return (tmp_path / "images").rename(place)
    with zipfile.ZipFile(archive) as files:
        for label in CLASSES:
            (place / label).mkdir(parents=True)
            for name in [name for name in files.namelist() if f"/{label}_" in name][: PER_CLASS + 2]:
                (place / label / Path(name).name).write_bytes(files.read(name))
    return place


def train(server: RunningServer, tiles: Path) -> RunFolder:
    """Have the server train a small network."""
    settings = {**SMALL_MODEL, "im_size": 64, "epochs": 2, "data": tiles}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    environment = {**os.environ, "RSDASH_RUNS": str(server.runs), "RSDASH_DATA": str(server.data)}
    command = [sys.executable, "-m", "rsdash", "train", "--detach", *options]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    [folder] = run_folders(server.runs)
    wait_for(lambda: folder.state().state is RunState.FINISHED, "its end", deadline_s=TRAINING_MS / 1000)
    return folder


def dropped_files(tiles: Path) -> list[tuple[str, bytes]]:
    """Five images of the first classes, and a text that is called one."""
    images = [path for folder in sorted(tiles.iterdir())[:3] for path in sorted(folder.iterdir())[:2]][:5]
    return [*((path.name, path.read_bytes()) for path in images), ("notes.png", b"Notes of a survey.")]


def click_table(page: Page, x: int, row: int) -> None:
    """Click into the table of results, which is drawn on a canvas."""
    table = page.locator(".st-key-result-table .stDataFrameGlideDataEditor").first
    place: Position = {"x": x, "y": HEADER_PX + ROW_PX * (row + 0.5)}
    table.hover(position=place)  # it is scrolled into view, and the table takes no click before it knows
    table.click(position=place)
    page.wait_for_selector(SETTLED)


def test_five_dropped_images_are_predicted_explained_by_neighbours_and_corrected(
    page: Page, live_server: RunningServer, tiles: Path
) -> None:
    folder = train(live_server, tiles)
    files = dropped_files(tiles)
    page.set_viewport_size({"width": 1440, "height": 2400})  # nothing scrolls, which would close lists
    go_where_runs_are_new(page, f"/predict?run={folder.id}")
    drop_files(page, "images", files)
    expect(page.get_by_text("5 images predicted · 1 file not read, listed with the reason")).to_be_visible(
        timeout=TRAINING_MS
    )
    choose(page, "result-show", "Not read (1)")
    refusal = "notes.png is not an image of a known format (JPEG, PNG, WEBP, BMP, TIFF)."
    expect(page.get_by_role("alert").filter(has_text=refusal)).to_have_count(1)

    choose(page, "result-order", "by name")
    [one] = re.findall(r"st-key-results-\w+", page.locator(TABLE).first.get_attribute("class") or "")
    choose(page, "result-show", "All (6)")
    expect(page.locator(f".{one}")).to_have_count(0)  # another list is another table
    click_table(page, CELL_X, 1)
    names = sorted(name for name, _ in files)
    expect(page.get_by_alt_text(f"The image {names[1]}")).to_be_visible()
    page.locator(".st-key-open-nearest summary").click()
    page.get_by_role("button", name="Find them").click()
    neighbours = page.get_by_alt_text(re.compile(r"Training tile .* at distance 0\.\d{4}"))
    expect(neighbours).to_have_count(6)
    assert list(folder.path.glob("features-*.npz"))
    click_table(page, CELL_X, 2)
    expect(page.get_by_alt_text(f"The image {names[2]}")).to_be_visible()
    expect(neighbours).to_have_count(6)  # the second time at once

    page.locator(".st-key-open-corrections summary").click()
    classes = folder.request().data.classes
    expect(page.get_by_text("No corrections of tiles yet")).to_be_visible()
    send(page, "true-class-2", classes[0])
    expect(page.get_by_text("as soon as a second class is among them")).to_be_visible()
    for row in (0, 1):
        click_table(page, CHECKBOX_X, row)
    expect(page.get_by_text("True class of all 2 images that are ticked")).to_be_visible()
    send(page, "true-class-many", classes[1])
    expect(page.get_by_text(f"3 corrections: {classes[0]} 1, {classes[1]} 2")).to_be_visible()
    page.get_by_role("link", name="Data set corrections-tiles").click()
    expect(
        page.get_by_text("3 images · 2 classes · tiles that models of tiles were corrected on")
    ).to_be_visible()


def send(page: Page, key: str, label: str) -> None:
    """Choose what an image shows and send it, once the page has come to rest: a list would close else."""
    page.wait_for_selector(SETTLED)
    choose(page, key, label)
    press(page, "send-correction")
