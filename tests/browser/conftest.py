"""A real server and a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.find_chromium import ARGUMENTS, find_chromium

PROJECT = Path(__file__).resolve().parents[2]
START_S = 60.0
EXPECT_MS = 30_000
"""A page may have to wait for a processor on which a network trains."""
expect.set_options(timeout=EXPECT_MS)
SETTLED = "[data-testid='stApp'][data-test-connection-state='CONNECTED'][data-test-script-state='notRunning']"


@dataclass(frozen=True)
class RunningServer:
    url: str
    runs: Path
    data: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        message = "no Chromium found; set RSDASH_CHROMIUM, or let `make test` install one"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {"RSDASH_RUNS": str(root / "runs"), "RSDASH_DATA": str(root / "data")}
    environment = {**os.environ, **places, "RSDASH_SERVICE_IDLE_S": "20"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, process)
        yield RunningServer(url, root / "runs", root / "data", process)
    finally:
        process.terminate()
        process.wait(timeout=30)
    log_text = (root / "server.log").read_text()
    assert log_text.count("Traceback") == races_within_streamlit(log_text), log_text[-3000:]


def races_within_streamlit(log_text: str) -> int:
    """How many tracebacks of a server's log look like races of Streamlit 1.67 itself.

    In `SessionState._keys`, as far as its source shows, a script may begin while the one before is being
    put away, and both go through the session's state, each under a lock of its own. And the end of a
    WebSocket is closed once more where a reloaded page has just closed it: two tracebacks, one behind the
    other. Each was seen once in several runs of all tests.
    """
    resized = "RuntimeError: dictionary changed size during iteration"
    closed_twice = 'WebSocketDisconnected: Cannot call "send" once a close message has been sent.'
    in_state = min(log_text.count(resized), log_text.count("in _keys"))
    return in_state + 2 * min(log_text.count(closed_twice), log_text.count("in _websocket_endpoint"))


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/_stcore/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.fixture
def page(chromium: Browser, live_server: RunningServer) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()
