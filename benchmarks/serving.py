"""A real server and a real browser for a benchmark, both closed at its end; and when pages are ready."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from rsdash.home import DATA_VARIABLE, PROJECT_DIR, RUNS_VARIABLE
from scripts.find_chromium import ARGUMENTS, find_chromium

WAIT_S = 60.0
POLL_S = 0.01
INTERACTIVE = (
    "[data-testid='stApp'][data-test-connection-state='CONNECTED'][data-test-script-state='notRunning']"
)
"""A page whose script has run."""
CARRY = """contents => {
  const carried = new DataTransfer()
  for (const [name, text] of contents) {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    carried.items.add(new File([bytes], name))
  }
  return carried
}"""
"""Makes what a mouse carries of files' names and contents (base64)."""
CONTENT = "[data-testid='stMain'] [data-testid='stElementContainer']"


class Server(NamedTuple):
    """A started server; `started` is on the clock of time.perf_counter, `place` holds `runs` and `data`."""

    place: Path
    process: subprocess.Popen[bytes]
    address: str
    started: float
    port_s: float


@contextmanager
def serve(place: Path, project: Path = PROJECT_DIR) -> Iterator[Server]:
    """The app of a project on a free port with folders below `place`; stopped at the end."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, RUNS_VARIABLE: str(place / "runs"), DATA_VARIABLE: str(place / "data")}
    with (place / "server.log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=project, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            wait_for_port(process, port, place / "server.log")
            port_s = time.perf_counter() - started
            yield Server(place, process, f"http://127.0.0.1:{port}", started, port_s)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium, closed at the end; the benchmark ends with a sentence where there is none."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("There is no Chromium; `python -m scripts.find_chromium --install` installs one.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return as soon as the server accepts connections."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server left with exit code {process.returncode}:\n{log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_S)
    raise TimeoutError(f"The server did not listen within {WAIT_S:.0f} s:\n{log.read_text()}")
