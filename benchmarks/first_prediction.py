"""Seconds from a drop on the Predict page until class and confidence can be read, in Chromium."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.serving import CARRY, INTERACTIVE, Server, open_browser, serve

WAIT_MS = 120_000.0
ZONE = ".st-key-images [data-testid='stFileUploaderDropzone']"
ANSWER = "[class*='st-key-answer-']"
TIMED = """([carried, zone, answer]) => new Promise(answered => {
  const area = document.querySelector(zone), began = performance.now()
  for (const kind of ["dragenter", "dragover", "drop"])
    area.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}))
  const look = () => {
    const shown = document.querySelector(answer)
    const there = shown && shown.innerText.includes("sure")
    there ? answered(performance.now() - began) : requestAnimationFrame(look)
  }
  look()
})"""
"""Drops what is carried, and looks at each frame whether the answer stands there."""


def waits(place: Path, run_id: str, tiles: Sequence[Path]) -> list[float]:
    """Seconds of each tile, dropped one by one on a page of its own; the first finds no service running.

    Args:
        place: holds `runs`; the server's data goes to `data`.
        run_id: whose model is asked.
        tiles: image files.
    """
    (place / "data").mkdir()
    with open_browser() as browser, serve(place) as server:
        return [wait_of(browser, server, run_id, tile) for tile in tiles]


def wait_of(browser: Browser, server: Server, run_id: str, tile: Path) -> float:
    """Seconds from the drop to the answer of one tile."""
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.address}/predict?run={run_id}")
    page.wait_for_selector(ZONE)
    page.wait_for_selector(INTERACTIVE)
    carried = page.evaluate_handle(CARRY, [[tile.name, base64.b64encode(tile.read_bytes()).decode()]])
    waited_ms = page.evaluate(TIMED, [carried, ZONE, ANSWER])
    page.close()
    return waited_ms / 1000
