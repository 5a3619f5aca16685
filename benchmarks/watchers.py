"""What watching costs: training slowed by ten open sessions, and clicks while every core trains.

A real server trains a real run on all cores. In turns, nobody watches it, or ten sessions do: WebSocket
connections that speak Streamlit's protocol and ask for the Run page's live part every 2 s, without drawing
anything. The speed of each turn is that of its logged steps, images over seconds of the steps themselves,
so that a validation that falls into a turn does not count. Printed are the medians of both and their ratio.

Then Chromium opens the Run page of the same run and clicks through its looks inside, round after round;
each click is timed until the chart, table or picture that it asks for is there. Printed are median and p95.
Exits with 1 where training is slowed by more than 5 %, p95 exceeds 1 s, a page shows an error, or none
answers.

    python -m benchmarks.watchers --zip eurosat_rgb.zip
    python -m benchmarks.watchers --rounds 1 --turn 10 --clicks 12     # a trial, on the built-in sample

Run it from the root of the project, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.serving import Server, open_browser, serve
from benchmarks.watching_sessions import Traffic, watching
from rsdash.config import make_config
from rsdash.data import open_dataset
from rsdash.errors import RsdashError
from rsdash.home import DATA_VARIABLE
from rsdash.jobs.submit import submit
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.states import ENDED

LARGEST_SLOWDOWN = 0.05
LONGEST_CLICK_S = 1.0
WAIT_S = 300.0
POLL_S = 0.2
LOG_SHOWN = 4000
"""Characters of the server's log, where a page showed an error."""
LOOKS = {
    "Gradients": ".st-key-ratios-{id} .main-svg",
    "Confusion": ".st-key-confusion-{id} .main-svg",
    "Probe tiles": ".st-key-probe-lines-{id} .main-svg",
    "Filters": "[data-testid='stImage'] img",
    "Machine": ".st-key-throughput-{id} .main-svg",
    "Learning rate": ".st-key-rate-{id} .main-svg",
}
"""Name of a look, and the last thing of it that appears."""


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="rsdash-watchers-") as folder:
        place = Path(folder)
        os.environ[DATA_VARIABLE] = str(place / "data")  # read by this process and by the worker
        try:
            run = prepare(place, options)
            with serve(place) as server:
                wait_for_epoch(run)
                slowdown = measure_slowdown(run, server, options)
                if any(part.errors for part in slowdown.traffic):
                    print((place / "server.log").read_text()[-LOG_SHOWN:], file=sys.stderr)
                clicks = measure_clicks(run, server.address, options.clicks)
                append_command(run.commands_path, Action.CANCEL)
                wait_until(lambda: run.state().state in ENDED, "the end of the run")
        except RsdashError as error:
            print(error, file=sys.stderr)
            return 1
    return report(slowdown, clicks, options)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--zip", type=Path, help="zip or folder with a folder per class; the sample if left out"
    )
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--px", type=int, default=64, help="side of the images")
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--tick", type=float, default=2.0, help="seconds between two questions of a session")
    parser.add_argument("--rounds", type=int, default=5, help="turns with and without watchers, each")
    parser.add_argument("--turn", type=float, default=60.0, help="seconds of a turn")
    parser.add_argument("--clicks", type=int, default=60)
    return parser.parse_args()


def prepare(place: Path, options: argparse.Namespace) -> RunFolder:
    """Queue a run that lasts longer than the measurement."""
    data = str(options.zip) if options.zip else "sample"
    settings = {"model": options.model, "im_size": options.px, "batch_size": 32, "epochs": 1000, "data": data}
    config = make_config({**settings, "limit_per_class": 300})
    open_dataset(data)
    return submit(config, runs_dir=place / "runs", name="watched")


def wait_for_epoch(run: RunFolder) -> None:
    """Wait until an epoch is complete, so that every look has something to show."""
    wait_until(lambda: len(read(run).epochs["step"]) > 0, "the first epoch")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until a condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {WAIT_S:.0f} s in vain for {what}.")
        time.sleep(POLL_S)


class Turns(NamedTuple):
    """Images/s of each turn alone and watched, what all sessions received, and the server's CPU meanwhile."""

    alone: list[float]
    watched: list[float]
    traffic: list[Traffic]
    server_s: float


def measure_slowdown(run: RunFolder, server: Server, options: argparse.Namespace) -> Turns:
    """Let turns alone and watched take turns."""
    alone, watched, traffic = [], [], []
    process, server_s = psutil.Process(server.process.pid), 0.0
    for _ in range(options.rounds):
        alone.append(speed_of_turn(run, options.turn))
        query, count = f"run={run.id}", options.sessions
        with watching(server.address, "run", query, sessions=count, tick_s=options.tick) as sessions:
            before = process.cpu_times()
            watched.append(speed_of_turn(run, options.turn))
            after = process.cpu_times()
        server_s += after.user + after.system - before.user - before.system
        traffic += sessions
        print(f"alone {alone[-1]:.1f}, watched {watched[-1]:.1f} images/s", file=sys.stderr)
    return Turns(alone, watched, traffic, server_s)


def speed_of_turn(run: RunFolder, seconds: float) -> float:
    """Images/s of the steps that are logged in the next seconds."""
    before = len(read(run).steps["step"])
    time.sleep(seconds)
    steps = read(run).steps
    taken = slice(before + 1, None)  # the first interval began before the turn
    if not len(steps["images"][taken]):
        raise RuntimeError(f"No steps were logged within {seconds:.0f} s; choose a longer --turn.")
    return float(steps["images"][taken].sum() / steps["seconds"][taken].sum())


def read(run: RunFolder) -> History:
    """What the run has logged."""
    return HistoryReader(run.metrics_path).refresh()


def measure_clicks(run: RunFolder, address: str, count: int) -> dict[str, list[float]]:
    """Seconds from each click until what it asks for is there, by look."""
    times: dict[str, list[float]] = {look: [] for look in LOOKS}
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(1000 * WAIT_S)
        page.goto(f"{address}/run?run={run.id}")
        page.wait_for_selector(LOOKS["Learning rate"].format(id=run.id))
        for number in range(count):
            look = list(LOOKS)[number % len(LOOKS)]
            button = page.locator(".st-key-inside").get_by_text(look, exact=True)
            began = time.perf_counter()
            button.click()
            page.wait_for_selector(LOOKS[look].format(id=run.id))
            times[look].append(time.perf_counter() - began)
    return times


def report(turns: Turns, clicks: dict[str, list[float]], options: argparse.Namespace) -> int:
    """Print the figures; 1 if a bar is missed."""
    alone, watched, traffic, server_s = turns
    ratio = statistics.median(watched) / statistics.median(alone)
    errors = [error for part in traffic for error in part.errors]
    ticks, received = sum(part.ticks for part in traffic), sum(part.received for part in traffic)
    print(
        f"{options.model}, {options.px} px, {os.cpu_count()} cores, {options.rounds} rounds of "
        f"{options.turn:.0f} s: alone {spread(alone)}, with {options.sessions} sessions {spread(watched)} "
        f"images/s; slowed by {1 - ratio:.1%} (bar {LARGEST_SLOWDOWN:.0%})"
    )
    print(
        f"{ticks:,} ticks answered, each with {received / max(ticks, 1) / 1000:.1f} kB and "
        f"{1000 * server_s / max(ticks, 1):.0f} ms of the server's processor time; {len(errors)} errors"
    )
    for error in sorted(set(errors)):
        print(f"  a page showed: {error}")
    for look, times in clicks.items():
        print(f"  {look}: median {statistics.median(times or [0]):.2f} s of {len(times)} clicks")
    p95 = float(np.percentile([seconds for times in clicks.values() for seconds in times], 95))
    print(f"clicks while it trains: p95 {p95:.2f} s (bar {LONGEST_CLICK_S:.0f} s)", flush=True)
    return int(1 - ratio > LARGEST_SLOWDOWN or p95 > LONGEST_CLICK_S or bool(errors) or not ticks)


def spread(values: list[float]) -> str:
    """Median, and what all values lie between."""
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    sys.exit(main())
