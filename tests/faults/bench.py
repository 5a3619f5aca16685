"""A place with real runs, real workers and a job runner, and an end to all of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from rsdash.home import DATA_VARIABLE, PROJECT_DIR, RUNS_VARIABLE
from rsdash.jobs.executor import LocalExecutor
from rsdash.jobs.runner import JobRunner
from rsdash.jobs.submit import submit
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.states import ENDED, RunState
from tests.tiny import bring_to, small_config, wait_for

LONG = 10_000
"""Epochs of a run that does not end before a test is done with it."""
COMMAND = [sys.executable, "-m", "rsdash"]


class KeepingExecutor(LocalExecutor):
    """Launches real workers and remembers them, so that none outlives the tests."""

    def __init__(self) -> None:
        self.launched: list[subprocess.Popen[bytes]] = []

    def launch(self, folder: RunFolder, lock: Lock, slot: str) -> subprocess.Popen[bytes]:
        self.launched.append(super().launch(folder, lock, slot))
        return self.launched[-1]


@dataclass
class Bench:
    """One runs folder with one data folder.

    Attributes:
        runs_dir: runs folder.
        data_dir: data folder.
        tiles: data set, a folder of classes.
    """

    runs_dir: Path
    data_dir: Path
    tiles: Path
    executor: KeepingExecutor = field(default_factory=KeepingExecutor)
    runners: list[JobRunner] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        places = {RUNS_VARIABLE: str(self.runs_dir), DATA_VARIABLE: str(self.data_dir)}
        return {**os.environ, **places, "OMP_NUM_THREADS": "1"}

    def submit(self, **settings: Any) -> RunFolder:
        config = small_config(**{"data": str(self.tiles), "epochs": LONG, **settings})
        return submit(config, runs_dir=self.runs_dir)

    def start_runner(self) -> JobRunner:
        runner = JobRunner(self.runs_dir, RunIndex(self.runs_dir), self.executor)
        self.runners.append(runner)
        runner.start()
        return runner

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a program of rsdash, with Ctrl-C as in a terminal."""
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=PROJECT_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.processes.append(process)
        return process

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a program of rsdash to its end: exit code and what it printed."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=300)
        return process.returncode, printed

    def close(self) -> None:
        for runner in self.runners:
            runner.stop(suspend_workers=False)
        for process in workers_of(self.runs_dir):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self.processes:
            process.kill()
            process.communicate()
        for worker in self.executor.launched:
            worker.kill()
            worker.wait()


def entry(folder: RunFolder) -> RunEntry:
    """A run as lists show it now."""
    return RunIndex(folder.path.parent).refresh().find(folder.id)


def copy_of(run: RunFolder, runs_dir: Path, state: RunState) -> RunFolder:
    """A copy of a finished run that is to go on from its checkpoint; `state` is one of its last worker."""
    copy = RunFolder(Path(shutil.copytree(run.path, runs_dir / run.id)))
    copy.write_state(state=RunState.QUEUED)
    bring_to(copy, state)
    return copy


def reach(folder: RunFolder, state: RunState, *, deadline_s: float = 180.0) -> None:
    """Wait for a state; fail at once where the run ends in another one."""

    def reached() -> bool:
        now = folder.state()
        if now.state is state:
            return True
        wrong = now.state in ENDED and state not in ENDED and not _asked(folder)
        assert not wrong and now.state is not RunState.FAILED, f"{now}\n{folder.log_tail()}"
        return False

    wait_for(reached, f"{folder.id} to be {state}", deadline_s=deadline_s)


def history(folder: RunFolder) -> History:
    """All that a run has recorded."""
    return HistoryReader(folder.metrics_path).refresh()


def steps_taken(folder: RunFolder) -> int:
    """Last step that is logged."""
    steps = history(folder).steps["step"]
    return int(steps[-1]) if len(steps) else 0


def worker_count(folder: RunFolder) -> int:
    """Living workers of a run."""
    return len(workers_of(folder.path))


def _asked(folder: RunFolder) -> bool:
    """Whether requests wait to be carried out, or the run to be resumed by itself."""
    end, reason = folder.state().commands_end, folder.state().reason
    size = folder.commands_path.stat().st_size if folder.commands_path.exists() else 0
    return size > end or reason == "shutdown"


def workers_of(place: Path) -> list[psutil.Process]:
    """Living workers of the runs at or below a place."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "worker" in (line := process.info["cmdline"] or []) and any(str(place) in part for part in line)
    ]
