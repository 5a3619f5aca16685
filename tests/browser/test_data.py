"""People's own imagery: a zip with duplicates is audited and split, a scene is tiled and split by blocks."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from rsdash.runs.folder import open_run
from tests.browser.conftest import RunningServer
from tests.browser.steps import TRAINING_MS, choose, fill, go, press, switch
from tests.scenes import rectangle, write_geojson, write_scene
from tests.tiny import CLASSES, draw_tile

pytestmark = pytest.mark.browser
TILE_PX = 32
FIELD_TILES = 6
FIELDS = 6


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Path, Path]:
    """A 10 m scene of 6 x 6 fields, each 6 x 6 tiles of one class, and polygons that say which."""
    folder = os.environ.get("RSDASH_TEST_DATA")
    drawn = _real_tiles(Path(folder) / "eurosat_rgb.zip") if folder else _drawn_tiles()
    side = FIELDS * FIELD_TILES
    pixels = np.zeros((side * TILE_PX, side * TILE_PX, 3), dtype=np.uint8)
    fields = []
    for row in range(side):
        for column in range(side):
            label = (row // FIELD_TILES + 2 * (column // FIELD_TILES)) % len(CLASSES)
            place = (
                slice(row * TILE_PX, (row + 1) * TILE_PX),
                slice(column * TILE_PX, (column + 1) * TILE_PX),
            )
            pixels[place] = drawn[label][(row * side + column) % len(drawn[label])]
    edge = FIELD_TILES * TILE_PX
    for row in range(FIELDS):
        for column in range(FIELDS):
            name = CLASSES[(row + 2 * column) % len(CLASSES)]
            corners = (column * edge, row * edge, (column + 1) * edge, (row + 1) * edge)
            fields.append(({"class": name}, rectangle(*corners)))
    return write_scene(tmp_path / "county.tif", pixels), write_geojson(tmp_path / "fields.geojson", fields)


def _drawn_tiles() -> list[list[np.ndarray]]:
    return [[draw_tile(label, seed) for seed in range(30)] for label in range(len(CLASSES))]


def _real_tiles(archive: Path) -> list[list[np.ndarray]]:
    """Quarters of EuroSAT's tiles of three classes."""
    with zipfile.ZipFile(archive) as files:
        names = {
            name: [n for n in files.namelist() if f"/{name}_" in n][:30]
            for name in ("Forest", "SeaLake", "Highway")
        }
        images = [
            [Image.open(io.BytesIO(files.read(n))).convert("RGB") for n in some] for some in names.values()
        ]
    return [[np.asarray(image)[:TILE_PX, :TILE_PX] for image in some] for some in images]


def test_a_scene_becomes_tiles_that_are_split_by_blocks_and_trained(
    page: Page, live_server: RunningServer, scene: tuple[Path, Path]
) -> None:
    go(page, "/data")
    switch(page, "source", "Tiles from a scene")
    fill(page, "scene-path", str(scene[0]))
    page.locator(".st-key-labels-file input[type=file]").set_input_files(scene[1])
    fill(page, "tile-m", "320")
    fill(page, "tiles-name", "county")
    expect(page.locator(".st-key-cut-tiles button").first).to_be_enabled()
    press(page, "cut-tiles")
    expect(page.get_by_text("Added county: 1,296 images of 3 classes.")).to_be_visible(timeout=120_000)

    go(page, "/data?data=county&view=Splits")
    page.get_by_text("Neighbours, by spatial blocks").click()
    fill(page, "split-block-m-county", "1280")
    fill(page, "split-gap-m-county", "320")
    fill(page, "split-name", "blocks")
    press(page, "make-split")
    expect(page.get_by_text("Stored: blocks.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Left out, between blocks: [\d,]+ images"))).to_be_visible()
    page.get_by_role("link", name="Train on this split").click()

    expect(page.locator(".st-key-set-data input")).to_have_value("county")
    run = train_briefly(page, epochs=2)
    assert open_run(live_server.runs, run).request().config.split == "blocks"


def train_briefly(page: Page, *, epochs: int) -> str:
    """Train a small network on what the form holds; the id of its run."""
    choose(page, "set-model", "resnet18")
    for setting, value in {"im_size": 32, "batch_size": 32, "epochs": epochs}.items():
        fill(page, f"set-{setting}", str(value))
    press(page, "start")
    page.wait_for_url(re.compile(r"/run\?run="))
    expect(page).to_have_title(re.compile("finished"), timeout=TRAINING_MS)
    [run] = parse_qs(urlsplit(page.url).query)["run"]
    return run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three classes of 40 tiles, four from each of ten scenes; a tile of each stands there turned, too."""
    path = tmp_path / "scenes.zip"
    with zipfile.ZipFile(path, "w") as files:
        for label, name in enumerate(CLASSES):
            for number in range(40):
                files.writestr(f"{name}/s{number // 4}_{number % 4}.png", _png(draw_tile(label, number)))
            turned = np.rot90(draw_tile(label, 7))
            files.writestr(f"{name}/s9_copy.png", _png(turned))
    return path


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_dropped_zip_is_audited_a_copy_excluded_and_a_grouped_split_trained(
    page: Page, live_server: RunningServer, archive: Path
) -> None:
    go(page, "/data")
    adding = page.get_by_test_id("stExpander").filter(has_text="Add a data set").locator("details")
    expect(adding).to_be_visible()
    if adding.get_attribute("open") is None:  # folded where there are data sets
        page.get_by_text("Add a data set").click()
    switch(page, "source", "Drop a zip")
    page.locator(".st-key-data-zip-0 input[type=file]").set_input_files(archive)
    expect(page.locator(".st-key-add-zip button").first).to_be_enabled()
    press(page, "add-zip")
    expect(page.get_by_text("Added scenes: 123 images of 3 classes.")).to_be_visible()

    go(page, "/data?data=scenes&view=Audit")
    press(page, "audit-start")
    expect(page.get_by_text(re.compile("3 *pairs of images|pairs of images of one class"))).to_be_visible()
    page.get_by_role("button", name="Exclude the second", exact=True).first.click()
    expect(page.get_by_role("button", name="Take back the second").first).to_be_visible()

    go(page, "/data?data=scenes&view=Splits")
    fill(page, "split-pattern", r"/s(\d+)_")
    fill(page, "split-name", "scenes-apart")
    press(page, "make-split")
    expect(page.get_by_text("Stored: scenes-apart.")).to_be_visible()
    expect(page.get_by_text("Left out, excluded: 1 images")).to_be_visible()
    page.get_by_role("link", name="Train on this split").click()

    expect(page.locator(".st-key-set-data input")).to_have_value("scenes")
    run = train_briefly(page, epochs=1)
    assert open_run(live_server.runs, run).request().config.split == "scenes-apart"
