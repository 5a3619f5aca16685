"""Workers that only hold their lock, for a job runner to launch and watch."""

from __future__ import annotations

import os

from rsdash.jobs.devices import Slot
from rsdash.jobs.runner import JobRunner
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.states import RunState
from tests.tiny import wait_for

GPUS = (Slot("GPU-a", "one", 1), Slot("GPU-b", "two", 1))
CPU = Slot("cpu", "CPU", 1)


class HeldRun:
    """Stands for a worker: shares the lock's open file, as an inherited descriptor does."""

    def __init__(self, folder: RunFolder, lock: Lock) -> None:
        self.folder = folder
        self._lock = Lock(os.dup(lock.descriptor))
        self._code: int | None = None
        self.signalled = False

    def poll(self) -> int | None:
        return self._code

    def terminate(self) -> None:
        self.signalled = True

    def end(self, code: int, **state: object) -> None:
        if state:
            self.folder.write_state(**state)
        self._code = code
        self._lock.release()


class HoldingExecutor:
    """Launches runs that do nothing but live."""

    def __init__(self) -> None:
        self.launched: list[HeldRun] = []
        self.slots: list[str] = []

    def launch(self, folder: RunFolder, lock: Lock, slot: str) -> HeldRun:
        self.launched.append(HeldRun(folder, lock))
        self.slots.append(slot)
        return self.launched[-1]


def entry(folder: RunFolder) -> RunEntry:
    return RunIndex(folder.path.parent).refresh().find(folder.id)


def launched(executor: HoldingExecutor, runner: JobRunner, count: int) -> list[HeldRun]:
    def enough() -> bool:
        runner.wake()
        return len(executor.launched) >= count

    wait_for(enough, f"{count} launched runs", deadline_s=10)
    return executor.launched


def ends_as(folder: RunFolder, runner: JobRunner, state: RunState) -> None:
    def reached() -> bool:
        runner.wake()
        return folder.state().state is state

    wait_for(reached, f"{folder.id} to be {state}", deadline_s=10)
