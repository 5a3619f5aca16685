"""The whole way as a person goes it: bring images, train two models, pause and resume, compare, predict."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningServer
from tests.browser.steps import TRAINING_MS, choose, fill, go, press, switch

pytestmark = pytest.mark.browser
EPOCHS = 12
"""Long enough to be looked at, paused and resumed on the way."""
POINTS = """() => {
  const chart = document.querySelector(".chart")
  return chart && chart._fullData && chart._fullData.length ? chart._fullData[0].x.length : 0
}"""

ZOOM_AND_HIDDEN = """() => {
  const chart = document.querySelector(".chart")
  return [chart._fullLayout.xaxis.range[1], chart._fullData[0].visible]
}"""


@pytest.fixture(scope="module")
def archive() -> Path | None:
    folder = os.environ.get("RSDASH_TEST_DATA")
    return Path(folder) / "eurosat_rgb.zip" if folder else None


def add_data(page: Page, archive: Path | None) -> str:
    """Add the zip through the page, or the sample where there is no zip; returns its name."""
    go(page, "/data")
    if archive is None:
        switch(page, "source", "Sample")
        press(page, "add-sample")
    else:
        switch(page, "source", "Drop a zip")
        page.locator(".st-key-data-zip-0 input[type=file]").set_input_files(archive)
        expect(page.locator(".st-key-add-zip button").first).to_be_enabled()
        press(page, "add-zip")
        expect(page.get_by_text(re.compile(r"Reading eurosat_rgb\.zip: \d+ %"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"Added .*: [\d,]+ images of 10 classes"))).to_be_visible(
        timeout=180_000
    )
    return "sample" if archive is None else "eurosat_rgb"


def start(page: Page, *, model: str, data: str, epochs: int) -> None:
    go(page, "/train")
    choose(page, "set-model", model)
    choose(page, "set-data", data)
    for setting, value in {"im_size": 64, "limit_per_class": 25, "batch_size": 20, "epochs": epochs}.items():
        fill(page, f"set-{setting}", str(value))
    press(page, "start")
    page.wait_for_url(re.compile(r"/run\?run="))


def test_from_images_to_a_prediction(page: Page, live_server: RunningServer, archive: Path | None) -> None:
    data = add_data(page, archive)

    start(page, model="resnet18", data=data, epochs=EPOCHS)
    page.wait_for_function(POINTS, timeout=TRAINING_MS)
    first = page.evaluate(POINTS)
    drag_across_left_half(page)
    page.locator(".legendtoggle").first.click()
    page.wait_for_function(f"() => ({ZOOM_AND_HIDDEN})()[1] === 'legendonly'")
    zoomed = page.evaluate(ZOOM_AND_HIDDEN)
    assert zoomed[0] < 0.75 * EPOCHS, "dragging did not zoom"
    page.wait_for_function(f"() => ({POINTS})() > {first}", timeout=TRAINING_MS)
    assert page.evaluate(ZOOM_AND_HIDDEN) == zoomed, "a tick threw zoom or legend away"
    press(page, "pause")
    expect(page).to_have_title(re.compile("paused"), timeout=TRAINING_MS)
    page.wait_for_timeout(2_500)  # the last rows come a tick later
    paused_at = page.evaluate(POINTS)
    press(page, "resume")
    page.wait_for_function(f"() => ({POINTS})() > {paused_at}", timeout=TRAINING_MS)
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)
    look_inside(page)

    start(page, model="alexnet", data=data, epochs=2)
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)

    ids = sorted(path.name for path in live_server.runs.iterdir() if path.is_dir())
    go(page, f"/compare?runs={ids[0]}&runs={ids[1]}")
    table = page.get_by_role("table").first
    for text in ("resnet18", "alexnet", "the study's ResNet18", "0.6479", "1.5666"):
        expect(table).to_contain_text(text)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)

    go(page, f"/predict?run={ids[0]}")
    name, content = one_image(live_server, archive)
    upload = {"name": name, "mimeType": "image/jpeg", "buffer": content}
    page.locator(".st-key-images input[type=file]").set_input_files(upload)  # pyright: ignore[reportArgumentType]  # a FilePayload
    expect(page.get_by_text(re.compile("Most probable: "))).to_be_visible(timeout=TRAINING_MS)


def look_inside(page: Page) -> None:
    """Each look of a finished run has something to show; the study's curves stay above it."""
    looks = {"Gradients": 3, "Confusion": 2, "Probe tiles": 3, "Filters": 1, "Machine": 2, "Learning rate": 2}
    for look, charts in looks.items():
        switch(page, "inside", look)
        if look == "Machine":  # a short run may end before the machine is looked at
            expect(page.get_by_text(re.compile("images/s of late"))).to_be_visible()
        else:
            expect(page.locator(".chart.js-plotly-plot")).to_have_count(charts)
        if look == "Filters":
            expect(page.get_by_alt_text(re.compile("64 filters of the first layer"))).to_have_count(3)


def drag_across_left_half(page: Page) -> None:
    area = page.locator(".chart .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=5)
    page.mouse.up()


def one_image(live_server: RunningServer, archive: Path | None) -> tuple[str, bytes]:
    if archive is None:
        path = next((live_server.data / "datasets" / "sample").rglob("*.png"))
        return path.name, path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as files:
        name = next(name for name in files.namelist() if "/River_" in name)
        return Path(name).name, files.read(name)
