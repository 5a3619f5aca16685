"""What a person does on a page, by the keys of its widgets."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Sequence

from playwright.sync_api import Page, TimeoutError

from benchmarks.serving import CARRY
from tests.browser.conftest import SETTLED

TRAINING_MS = 240_000
CHOOSING_S = 60.0
LOOKED_MS = 1_500
LIST_MS = 5_000  # an open list answers sooner, even while a worker trains


def go(page: Page, path: str) -> None:
    """Open an address and wait until its script has run."""
    page.goto(path)
    page.wait_for_selector(SETTLED)


def go_where_runs_are_new(page: Page, path: str) -> None:
    """Open an address when the server has looked at its runs again, as it does twice a second."""
    page.wait_for_timeout(LOOKED_MS)
    go(page, path)


def fill(page: Page, key: str, value: str) -> None:
    """Type into a field and leave it."""
    field = page.locator(f".st-key-{key} input")
    field.fill(value)
    field.press("Enter")
    page.wait_for_selector(SETTLED)


def choose(page: Page, key: str, value: str) -> None:
    """Choose an option of a list, by typing; again where the page ran anew and closed the list meanwhile."""
    field = page.locator(f".st-key-{key} input")
    chosen = field.input_value() == value
    deadline = time.monotonic() + CHOOSING_S
    while not chosen and time.monotonic() < deadline:
        field.fill("")  # the same text once more would not open a list that was closed
        field.fill(value)
        with contextlib.suppress(TimeoutError):
            page.get_by_role("option", name=value, exact=True).click(timeout=LIST_MS)
            chosen = True
        page.wait_for_selector(SETTLED)
    assert chosen, f"{value} was not to be chosen in {key}"


def press(page: Page, key: str) -> None:
    """Press a button."""
    page.locator(f".st-key-{key} button").first.click()


def switch(page: Page, key: str, name: str) -> None:
    """Choose one of a row of buttons."""
    page.locator(f".st-key-{key}").get_by_text(name, exact=True).click()
    page.wait_for_selector(SETTLED)


def drop_files(page: Page, key: str, files: Sequence[tuple[str, bytes]]) -> None:
    """Drop files, by name and content, on an uploader as a person does from a folder."""
    contents = [(name, base64.b64encode(content).decode()) for name, content in files]
    carried = page.evaluate_handle(CARRY, contents)
    zone = page.locator(f".st-key-{key} [data-testid='stFileUploaderDropzone']")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": carried})
