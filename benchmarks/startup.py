"""From the start of the server's process to the first interactive page, in Chromium, on an empty machine.

Each round starts the real server on a free port with empty folders for runs and data sets, and opens the
Overview as soon as the port answers. The page is interactive once its script has run and a button is
shown. Afterwards the other pages are opened in the same server. In turn with it starts a bare Streamlit
app that shows one button, as the part of the time that is Streamlit's and Chromium's own. Printed are
median and worst time, their ratio to the bare app, and whether any process of the server has mapped
PyTorch's library. Exits with 1 where the median exceeds 3 s or PyTorch was loaded.

    python -m benchmarks.startup [--rounds 5]

Run it from the root of the project. Chromium is found as scripts/find_chromium.py says.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from playwright.sync_api import Browser, Page

from benchmarks.serving import CONTENT, INTERACTIVE, Server, open_browser, serve
from rsdash.home import PROJECT_DIR

LONGEST_START_S = 3.0
PAGES = ("data", "train", "run", "compare", "predict", "scenes")
TORCH_LIBRARIES = ("libtorch", "libc10")
BARE_APP = 'import streamlit as st\n\napp = st.App("shell.py")\n'
BARE_SHELL = 'import streamlit as st\n\nst.button("Hello")\n'
BUTTON = "[data-testid='stMain'] button:visible"


class Round(NamedTuple):
    """One start: seconds to the first answer and to the interactive Overview, seconds of each other page."""

    port_s: float
    overview_s: float
    pages_s: dict[str, float]
    torch_loaded: bool


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="starts of the server")
    rounds = parser.parse_args().rounds
    results, bare = [], []
    with open_browser() as browser:
        for _ in range(rounds):
            results.append(measure(browser))
            bare.append(measure_bare(browser))
    return report(results, bare)


def measure(browser: Browser) -> Round:
    """Start a server, open every page, stop it."""
    page = browser.new_page()
    with tempfile.TemporaryDirectory(prefix="rsdash-startup-") as place, serve(Path(place)) as server:
        overview_s = seconds_to_button(page, server)
        pages_s = {}
        for name in PAGES:
            began = time.perf_counter()
            page.goto(f"{server.address}/{name}", wait_until="commit")
            page.wait_for_selector(CONTENT)
            page.wait_for_selector(INTERACTIVE)
            pages_s[name] = time.perf_counter() - began
        torch_loaded = has_torch(server.process)
    page.close()
    return Round(server.port_s, overview_s, pages_s, torch_loaded)


def measure_bare(browser: Browser) -> float:
    """Seconds from the start of a Streamlit app with one button to that button."""
    page = browser.new_page()
    with tempfile.TemporaryDirectory(prefix="rsdash-startup-") as place:
        root = Path(place)
        (root / "app.py").write_text(BARE_APP)
        (root / "shell.py").write_text(BARE_SHELL)
        shutil.copytree(PROJECT_DIR / ".streamlit", root / ".streamlit")
        with serve(root, root) as server:
            taken_s = seconds_to_button(page, server)
    page.close()
    return taken_s


def seconds_to_button(page: Page, server: Server) -> float:
    """Open the first page and wait until it can be used; seconds since the server was started."""
    page.goto(server.address, wait_until="commit")
    page.wait_for_selector(INTERACTIVE)
    page.wait_for_selector(BUTTON)
    return time.perf_counter() - server.started


def has_torch(process: subprocess.Popen[bytes]) -> bool:
    """Whether PyTorch's libraries are mapped into the server process, as the system sees it."""
    maps = psutil.Process(process.pid).memory_maps()
    return any(Path(entry.path).name.startswith(TORCH_LIBRARIES) for entry in maps)


def report(results: list[Round], bare: list[float]) -> int:
    """Print the figures; 1 if a bar is missed."""
    starts = [result.overview_s for result in results]
    median_s = statistics.median(starts)
    loaded = any(result.torch_loaded for result in results)
    print(
        f"start to interactive Overview: median {median_s:.2f} s, worst {max(starts):.2f} s over "
        f"{len(starts)} starts (bar {LONGEST_START_S:.0f} s); "
        f"the port answers after {statistics.median(result.port_s for result in results):.2f} s"
    )
    bare_s = statistics.median(bare)
    ratio = median_s / bare_s
    print(f"a bare Streamlit page with one button: median {bare_s:.2f} s; rsdash {ratio:.2f} times that")
    for name in PAGES:
        times = [result.pages_s[name] for result in results]
        print(
            f"{name} opened by its address: median {statistics.median(times):.2f} s, "
            f"p95 {np.percentile(times, 95):.2f} s"
        )
    print(f"PyTorch in the server: {'loaded' if loaded else 'not loaded'}")
    return int(median_s > LONGEST_START_S or loaded)


if __name__ == "__main__":
    sys.exit(main())
