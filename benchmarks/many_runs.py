"""A thousand finished runs, and ten thousand: how long pages take, in Chromium, and that all are listed.

Finished runs are made of the examples (benchmarks/finished_runs.py), a real server is started on them,
and Chromium opens the Overview and the Compare page again and again. A page has settled once its script has
run and its table is drawn. Then two runs are ticked on the Compare page; the time from the second tick until
their verdict stands there and the curves of both are drawn is taken. The first visit, which also fetches
Streamlit's own program into the browser, is printed apart. With ten thousand runs, both pages are opened
once, and `python -m rsdash runs --json` lists them all.

    python -m benchmarks.many_runs [--runs 1000] [--most 10000] [--rounds 5]

Exits with 1 where a median misses its bar, a page shows an error, or a run is not listed. Run it from the
root of the project. Chromium is found as scripts/find_chromium.py says.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.finished_runs import make_runs
from benchmarks.serving import INTERACTIVE, Server, open_browser, serve
from rsdash.home import PROJECT_DIR, RUNS_VARIABLE

LONGEST_PAGE_S = 2.0
LONGEST_CHOICE_S = 1.0
WAIT_S = 120.0
TABLE = "[data-testid='stMain'] [data-testid='stDataFrame'] canvas"
RECENT = ".st-key-recent-runs canvas"
VERDICT = "two trained models"
LINES = ".scatterlayer .trace"
CURVES, BANDS = f".st-key-curves-in-one {LINES}", f".st-key-curves-recipes {LINES}"
BAND_LINES = 4
"""Of two runs of one recipe: a band and a mean in two panels."""
CHECKBOX_X, ROW_PX = 15, 35
"""Where a row of a table is ticked; its heading is as high as a row."""
ROWS_SEEN = 9
"""Rows of the table that can be ticked without scrolling."""
ERRORS = "[data-testid='stException'], [data-testid='stAlertContentError']"


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs on which pages are timed")
    parser.add_argument("--most", type=int, default=10_000, help="runs that only have to be listed; or 0")
    parser.add_argument("--rounds", type=int, default=5, help="visits of each page")
    options = parser.parse_args()
    with open_browser() as browser:
        missed = measure_pages(browser, options.runs, options.rounds)
        if options.most:
            missed |= list_all(browser, options.most)
    return int(missed)


def measure_pages(browser: Browser, count: int, rounds: int) -> bool:
    """Time pages and the choice of two runs; returns whether a bar is missed."""
    with served_runs(count) as (server, _):
        page = new_page(browser)
        first_s = seconds(lambda: open_overview(page, server))
        print(f"{count:,} runs, first visit of the Overview: {first_s:.2f} s")
        overview = [seconds(lambda: open_overview(page, server)) for _ in range(rounds)]
        compare = [seconds(lambda: open_compare(page, server)) for _ in range(rounds)]
        choice = []
        for number in range(rounds):
            open_compare(page, server)
            choice.append(choose_two(page, (number % ROWS_SEEN, (number + 1) % ROWS_SEEN)))
        shown_errors = errors_on(page)
    missed = report(f"{count:,} runs, Overview settled", overview, LONGEST_PAGE_S)
    missed |= report(f"{count:,} runs, Compare settled", compare, LONGEST_PAGE_S)
    missed |= report(f"{count:,} runs, two chosen to compared", choice, LONGEST_CHOICE_S)
    return missed or shown_errors


def list_all(browser: Browser, count: int) -> bool:
    """Have a very large number of runs listed; returns whether something is missing."""
    with served_runs(count) as (server, ids):
        page = new_page(browser)
        overview_s = seconds(lambda: open_overview(page, server))
        told = page.get_by_text(f"of {count} runs").or_(page.get_by_text(f"of {count:,} runs")).count()
        missed = errors_on(page)
        compare_s = seconds(lambda: open_compare(page, server))
        missed |= errors_on(page)
        began = time.perf_counter()
        listed = listed_by_command(server.place / "runs")
        command_s = time.perf_counter() - began
    print(f"{count:,} runs: Overview {overview_s:.2f} s, Compare {compare_s:.2f} s (a first visit each)")
    print(f"{count:,} runs: `rsdash runs --json` lists {len(listed):,} in {command_s:.2f} s")
    return missed or not told or listed != set(ids)


@contextmanager
def served_runs(count: int) -> Iterator[tuple[Server, list[str]]]:
    """A server on that many runs, and their ids, oldest first."""
    with tempfile.TemporaryDirectory(prefix="rsdash-many-runs-") as folder:
        place = Path(folder)
        began = time.perf_counter()
        ids = make_runs(place / "runs", count, pool=place / "pool")
        print(f"{count:,} run folders made in {time.perf_counter() - began:.1f} s")
        with serve(place) as server:
            print(f"{count:,} runs, the server answers after {server.port_s:.2f} s")
            yield server, ids


def new_page(browser: Browser) -> Page:
    """A page with room for what a person sees."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(1000 * WAIT_S)
    return page


def open_overview(page: Page, server: Server) -> None:
    """Open the Overview and wait until it has settled."""
    page.goto(server.address, wait_until="commit")
    page.wait_for_selector(RECENT)
    page.wait_for_selector(INTERACTIVE)


def open_compare(page: Page, server: Server) -> None:
    """Open the Compare page with nothing chosen and wait until it has settled."""
    page.goto(f"{server.address}/compare", wait_until="commit")
    page.wait_for_selector(TABLE)
    page.wait_for_selector(INTERACTIVE)


def choose_two(page: Page, rows: tuple[int, int]) -> float:
    """Tick two runs on the Compare page; seconds from the second tick until their comparison stands there."""
    tick(page, rows[0])
    page.wait_for_selector(CURVES)
    page.wait_for_selector(INTERACTIVE)
    lines = page.locator(CURVES).count()
    began = time.perf_counter()
    tick(page, rows[1])
    page.get_by_text(VERDICT).first.wait_for()
    curves, bands = page.locator(CURVES).nth(2 * lines - 1), page.locator(BANDS).nth(BAND_LINES - 1)
    curves.or_(bands).wait_for()
    page.wait_for_selector(INTERACTIVE)
    return time.perf_counter() - began


def tick(page: Page, row: int) -> None:
    """Tick a row of the table of runs, which is drawn on a canvas that lies below what scrolls it."""
    position = {"x": CHECKBOX_X, "y": ROW_PX * (row + 1.5)}
    page.locator(TABLE).first.click(position=position, force=True)  # pyright: ignore[reportArgumentType]  # a TypedDict


def listed_by_command(runs: Path) -> set[str]:
    """Ids that the command line lists."""
    done = subprocess.run(
        [sys.executable, "-m", "rsdash", "runs", "--json"],
        cwd=PROJECT_DIR,
        env={**os.environ, RUNS_VARIABLE: str(runs)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {row["id"] for row in json.loads(done.stdout)}


def errors_on(page: Page) -> bool:
    """Whether the page shows an error, which is printed."""
    texts = page.locator(ERRORS).all_inner_texts()
    for text in texts:
        print(f"  a page showed: {text}")
    return bool(texts)


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def report(what: str, times: list[float], bar_s: float) -> bool:
    """Print a median; returns whether it misses its bar."""
    median_s = statistics.median(times)
    print(f"{what}: median {median_s:.2f} s, worst {max(times):.2f} s of {len(times)} (bar {bar_s:.0f} s)")
    return median_s > bar_s


if __name__ == "__main__":
    sys.exit(main())
