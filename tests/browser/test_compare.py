"""Choosing, comparing, looking closer, taking a report along and deleting, in a real browser."""

from __future__ import annotations

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import SETTLED, RunningServer
from tests.browser.steps import go_where_runs_are_new, switch
from tests.finished import copy_run

CHECKBOX_X, HEADER_PX, ROW_PX = 15, 35, 35


def tick(page: Page, row: int) -> None:
    """Tick a row of the table of runs, which is drawn on a canvas."""
    table = page.locator(".stDataFrameGlideDataEditor").first
    table.click(position={"x": CHECKBOX_X, "y": HEADER_PX + ROW_PX * row + ROW_PX / 2})
    page.wait_for_selector(SETTLED)


def save(page: Page, name: str, folder: Path) -> Path:
    """Press a download button and keep the file."""
    with page.expect_download() as started:
        page.locator(f".st-key-download-{name.replace('.', '-')} button").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_runs_are_ticked_compared_reported_and_deleted(
    page: Page, live_server: RunningServer, tmp_path: Path
) -> None:
    live_server.runs.mkdir(exist_ok=True)
    for number, model in enumerate(("alexnet", "resnet18", "alexnet")):
        copy_run(live_server.runs, model, number, name=f"run {number}", seed=number)
    go_where_runs_are_new(page, "/compare")
    expect(page.get_by_text("Tick the runs to compare")).to_be_visible()
    tick(page, 0)
    tick(page, 1)
    expect(page.get_by_text("two trained models").first).to_be_visible()
    assert page.url.count("runs=") == 2
    page.reload()
    expect(page.get_by_text("two trained models").first).to_be_visible()

    switch(page, "look", "Classes")
    matrix = page.locator(".st-key-matrix-0 .nsewdrag").first
    matrix.scroll_into_view_if_needed()
    box = matrix.bounding_box()
    assert box
    matrix.click(position={"x": box["width"] * 0.05, "y": box["height"] * 0.05})  # first class, right answers
    expect(page.locator(".st-key-tile-true")).to_be_visible()
    expect(page.get_by_text("cannot be shown: the data set eurosat_rgb is not here")).to_be_visible()

    switch(page, "look", "Report")
    report = save(page, "report.html", tmp_path)
    with zipfile.ZipFile(save(page, "comparison.zip", tmp_path)) as archive:
        assert "facts.json" in archive.namelist()
    opened_offline(page, report)

    page.locator(".st-key-bundle input[type=file]").set_input_files(tmp_path / "comparison.zip")
    expect(page.get_by_text("came out as stored")).to_be_visible()

    page.locator(".st-key-delete-runs button").click()
    page.locator(".st-key-delete-for-good button").click()
    expect(page.get_by_text("Tick the runs to compare")).to_be_visible()
    assert [path.name for path in live_server.runs.glob("2026*")] == ["20261125-100000-alexnet-000000"]


def opened_offline(page: Page, report: Path) -> None:
    """The report draws its figures and asks nobody for anything."""
    other = page.context.new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(report.as_uri())
    expect(other.locator("figure .main-svg").first).to_be_visible()
    assert other.locator("figure .plot-container").count() >= 4
    assert asked == [report.as_uri()]
    other.close()
