"""What travels to a chart that grows: the whole once, then new rows, and the whole again where it is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Page, WebSocket, WebSocketRoute

from rsdash.runs.folder import RunFolder
from rsdash.runs.lock import Lock
from rsdash.ui.tree_changes import APPLY_SCRIPT, change_between
from tests.app.training import watched_run
from tests.browser.conftest import RunningServer
from tests.browser.steps import go
from tests.tiny import wait_for
from tests.trees import random_tree, regrown

pytestmark = pytest.mark.browser

ROWS, NEW_ROWS = 900, 5
LINE = "(key) => document.querySelector(`.st-key-${key} .chart`)?.data?.[0]"


@pytest.fixture
def training(live_server: RunningServer, tmp_path: Path) -> Iterator[RunFolder]:
    """A run that this process holds, as its worker would, with 900 logged steps."""
    elsewhere = watched_run(tmp_path, epochs=0)
    log_rows(elsewhere, range(1, ROWS + 1))
    lock = Lock.take(elsewhere.lock_path)
    assert lock
    with lock:
        live_server.runs.mkdir(exist_ok=True)
        yield RunFolder(elsewhere.path.rename(live_server.runs / elsewhere.id))


def log_rows(folder: RunFolder, steps: range) -> None:
    for step in steps:
        figures = {"loss": 1 / step, "accuracy": 1 - 1 / step, "learning_rate": 0.1}
        times = {"elapsed_s": 2.0 * step, "images": 16, "seconds": 2.0, "data_s": 0.5}
        folder.log_event("step", step=step, epoch=step / 100, **figures, **times)


def test_a_browser_carries_out_changes_as_they_are_meant(page: Page) -> None:
    draws = Random(0)
    olds = [random_tree(draws) for _ in range(300)]
    pairs = [(old, regrown(old, draws)) for old in olds]
    given = [(old, change_between(old, new)) for old, new in pairs]
    script = f"(given) => {{ {APPLY_SCRIPT}; return given.map(([tree, change]) => changed(tree, change)) }}"
    assert page.evaluate(script, json.loads(json.dumps(given))) == [new for _, new in pairs]


def test_new_rows_travel_and_a_whole_that_was_lost_comes_again(page: Page, training: RunFolder) -> None:
    received: list[int] = []
    page.on("websocket", lambda socket: watch(socket, received))
    chart = f"chart-{training.id}"
    go(page, f"/run?run={training.id}")
    page.wait_for_function(f"(key) => ({LINE})(key)?.x.length === {ROWS}", arg=chart)
    page.wait_for_timeout(4_500)  # two ticks, in which nothing is new
    largest = max(received)

    received.clear()
    log_rows(training, range(ROWS + 1, ROWS + NEW_ROWS + 1))
    page.wait_for_function(f"(key) => ({LINE})(key)?.x.length === {ROWS + NEW_ROWS}", arg=chart)
    assert max(received) < largest / 5, "the change, not the whole"
    line = page.evaluate(LINE, chart)
    assert line["x"] == pytest.approx([step / 100 for step in range(1, ROWS + NEW_ROWS + 1)])
    assert line["y"] == pytest.approx([1 - 1 / step for step in range(1, ROWS + NEW_ROWS + 1)], abs=1e-6)

    page.evaluate("() => window.rsdashWholes.clear()")
    log_rows(training, range(ROWS + NEW_ROWS + 1, ROWS + 2 * NEW_ROWS + 1))
    page.wait_for_function(f"(key) => ({LINE})(key)?.x.length === {ROWS + 2 * NEW_ROWS}", arg=chart)
    wait_for(lambda: max(received) > largest / 2, "the whole")


def test_a_whole_is_asked_for_until_it_comes(page: Page, training: RunFolder) -> None:
    lost: list[str | bytes] = []
    page.route_web_socket("**/_stcore/stream", lambda socket: lose_the_first(socket, b"lost", lost))
    chart = f"chart-{training.id}"
    go(page, f"/run?run={training.id}")
    page.wait_for_function(f"(key) => ({LINE})(key)?.x.length === {ROWS}", arg=chart)
    assert not lost

    page.evaluate("() => window.rsdashWholes.clear()")
    log_rows(training, range(ROWS + 1, ROWS + NEW_ROWS + 1))
    page.wait_for_function(f"(key) => ({LINE})(key)?.x.length === {ROWS + NEW_ROWS}", arg=chart)
    assert len(lost) == 1, "the first time of asking was lost"


def lose_the_first(socket: WebSocketRoute, mark: bytes, lost: list[str | bytes]) -> None:
    """Pass on what a page and the server say, but not the first message of the page with a mark."""
    server = socket.connect_to_server()

    def pass_on(message: str | bytes) -> None:
        if not lost and mark in (message if isinstance(message, bytes) else message.encode()):
            lost.append(message)
        else:
            server.send(message)

    socket.on_message(pass_on)


def watch(socket: WebSocket, received: list[int]) -> None:
    """Note the size of each message."""
    socket.on("framereceived", lambda payload: received.append(len(payload)))
