"""A scene is dropped, mapped, looked at and taken along in a real browser; a coarse one is refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from playwright.sync_api import Page, expect

from benchmarks.map_scene import draw_scene
from benchmarks.usable_run import make_usable_run
from tests.browser.conftest import SETTLED, RunningServer
from tests.browser.steps import TRAINING_MS, drop_files, go, go_where_runs_are_new, press, switch

SIDE_PX, TILE_PX, STRIDE_PX = 640, 64, 32
CHART = "document.querySelector('.scene-map .chart')"


@pytest.fixture(scope="module", autouse=True)
def usable_run(live_server: RunningServer) -> None:
    make_usable_run(live_server.runs, "resnet18", TILE_PX)


def say_tile_size(page: Page) -> None:
    field = page.locator("[class*='st-key-map-tile-m'] input")
    field.fill("640")
    field.press("Enter")
    page.wait_for_selector(SETTLED)


def test_a_dropped_scene_is_mapped_looked_at_and_taken_along(
    page: Page, live_server: RunningServer, tmp_path: Path
) -> None:
    scene = draw_scene(tmp_path / "county.tif", SIDE_PX)
    go_where_runs_are_new(page, "/scenes")
    drop_files(page, "map-scene-file", [("county.tif", scene.read_bytes())])
    expect(page.get_by_text("640 x 640 px of 10 x 10 m")).to_be_visible()
    say_tile_size(page)
    press(page, "start-map-scene")
    drawn = page.locator(".scene-map .heatmaplayer image")
    expect(drawn).to_be_visible(timeout=TRAINING_MS)

    page.locator(".scene-map .opacity").fill("20")
    assert page.evaluate(f"{CHART}.data[0].opacity") == 0.2
    cells = page.evaluate(f"{CHART}.data[0].z.flat().filter(label => label !== null).length")
    assert cells == (SIDE_PX // STRIDE_PX) ** 2
    toggles = page.locator(".scene-map .legend input").all()
    unseen = f"{CHART}.data[0].colorscale.filter(([, color]) => color === 'rgba(0,0,0,0)').length"
    for count, toggle in enumerate(toggles, start=1):
        toggle.uncheck()
        assert page.evaluate(unseen) == 2 * count
    page.locator(".scene-map .nsewdrag").first.click()  # says what is there, though nothing is seen
    expect(page.get_by_text("in the scene's coordinates")).to_be_visible()
    for toggle in toggles:
        toggle.check()
    assert page.evaluate(unseen) == 0
    page.reload()
    expect(drawn).to_be_visible()

    with page.expect_download() as started:
        press(page, "download-map")
    started.value.save_as(tmp_path / "map.zip")
    with zipfile.ZipFile(tmp_path / "map.zip") as archive:
        archive.extractall(tmp_path / "out")
    (labels,) = (tmp_path / "out").rglob("classes.tif")
    with rasterio.open(scene) as wide, rasterio.open(labels) as narrow:
        assert narrow.crs == wide.crs
        a, b, c, d, e, f = wide.transform[:6]
        coarse = (a * STRIDE_PX, b * STRIDE_PX, c, d * STRIDE_PX, e * STRIDE_PX, f)
        assert narrow.transform[:6] == coarse
        assert (narrow.read(1) != 255).all() and narrow.nodata == 255
        assert narrow.bounds == wide.bounds

    press(page, "delete-map")
    press(page, "delete-map-now")
    expect(page.get_by_text("mapped by")).to_have_count(0)
    assert not list((live_server.data / "maps").glob("2*"))


def test_a_coarse_scene_is_refused_with_both_pixel_sizes(page: Page, tmp_path: Path) -> None:
    coarse = Path(os.environ.get("RSDASH_TEST_DATA", "")) / "geotiff" / "RGB.byte.tif"
    if not coarse.is_file():
        coarse = tmp_path / "coarse.tif"
        place = {"crs": "EPSG:32618", "transform": rasterio.Affine(300, 0, 100_000, 0, -300, 2_800_000)}
        with rasterio.open(
            coarse, "w", driver="GTiff", width=300, height=300, count=3, dtype="uint8", **place
        ) as scene:
            scene.write(np.zeros((3, 300, 300), np.uint8))
    go(page, "/scenes")
    switch(page, "scene-from", "On this machine")
    path = page.locator(".st-key-map-scene-path input")
    path.fill(str(coarse))
    path.press("Enter")
    expect(page.get_by_text("px of 300 x 300 m")).to_be_visible()
    say_tile_size(page)
    press(page, "start-map-scene")
    refusal = page.get_by_text("pixels of 300 m, but the model was trained on pixels of 10 m")
    expect(refusal).to_be_visible(timeout=TRAINING_MS)
