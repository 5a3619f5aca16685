"""The job runner: a thread that drains the queue, launches workers and watches over them.

It owns no truth. All it knows it reads from run folders, so that another runner can take over
at any moment; one lock per runs folder keeps two of them apart.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rsdash.errors import RsdashError, StorageError
from rsdash.jobs.devices import Slot, find_slots, slots_for
from rsdash.jobs.executor import Executor, LocalExecutor, Worker
from rsdash.jobs.housekeeping import clear_leftovers, drop_checkpoint, with_old_checkpoint
from rsdash.jobs.queue import slot_of, waiting_runs
from rsdash.jobs.unattended import carry_out, interrupt, may_resume_itself, requeue, say_device_is_missing
from rsdash.runs.commands import Action, append_command
from rsdash.runs.index import Listing, RunEntry, RunIndex
from rsdash.runs.lock import Lock, is_free, require_working_locks
from rsdash.runs.states import ENDED, LIVING, Interruption, RunState

TICK_S = 0.5
STANDBY_S = 2.0
"""How often a second runner tries to take over."""
SHUTDOWN_WAIT_S = 8.0

log = logging.getLogger(__name__)


class JobRunner:
    """Drains the queue of one runs folder from a background thread."""

    def __init__(self, runs_dir: Path, index: RunIndex, executor: Executor | None = None) -> None:
        self._runs_dir = runs_dir
        self._index = index
        self._executor: Executor = executor or LocalExecutor()
        self._slots: tuple[Slot, ...] = ()
        self._front = math.inf
        self._workers: dict[str, Worker] = {}
        self._troubled: dict[str, str] = {}
        self._lock: Lock | None = None
        self._awake = threading.Event()
        self._leaving = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def in_charge(self) -> bool:
        """Whether this runner, and no other, supervises the folder."""
        return self._lock is not None

    def start(self) -> None:
        """Begin to supervise, or to wait until the present runner is gone.

        Raises:
            RunError: the file system has no working locks.
        """
        require_working_locks(self._runs_dir)
        clear_leftovers(self._runs_dir)
        self._slots = find_slots()
        self._index.refresh()
        self._thread = threading.Thread(target=self._loop, name="job-runner", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the folder now rather than at the next tick."""
        self._awake.set()

    def stop(self, *, suspend_workers: bool) -> None:
        """Leave; workers are asked to write a checkpoint and leave too, or are left to themselves.

        Args:
            suspend_workers: ask every living run to suspend and wait for it, at most 8 s.
        """
        self._leaving.set()
        self._awake.set()
        if self._thread:
            self._thread.join(timeout=SHUTDOWN_WAIT_S)
        if self._lock is None:
            return
        try:
            if suspend_workers:
                self._suspend_all()
        finally:
            self._lock.release()
            self._lock = None

    def _loop(self) -> None:
        while not self._leaving.is_set():
            try:
                self._tick()
            except RsdashError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("The job runner met an error and goes on.")
            self._awake.wait(TICK_S if self.in_charge else STANDBY_S)
            self._awake.clear()

    def _tick(self) -> None:
        listing = self._index.refresh()
        self._front = math.inf
        if self._lock is None:
            self._lock = None if self._leaving.is_set() else Lock.take(self._runs_dir / "runner.lock")
            if self._lock is None:
                return
        changed = [entry for entry in _own(listing) if self._tried(entry, self._attend)]
        if changed:
            listing = self._index.refresh()
        for entry in with_old_checkpoint(_own(listing)):  # workers finish on their own
            self._tried(entry, drop_checkpoint)
        if self._launch_next(listing):
            self._index.refresh()

    def _tried(self, entry: RunEntry, action: Callable[[RunEntry], bool]) -> bool:
        """Do something to a run; one that cannot be written, such as another user's, holds up no other."""
        try:
            return action(entry)
        except (RsdashError, OSError) as error:
            if self._troubled.get(entry.id) != str(error):  # said once, not at each tick
                log.warning("%s: %s", entry.name, error)
            self._troubled[entry.id] = str(error)
            return False

    def _attend(self, entry: RunEntry) -> bool:
        """Do what one run needs; returns whether anything changed."""
        state = entry.state.state
        if state in LIVING:
            return self._watch(entry)
        if state in ENDED and entry.id in self._workers and self._workers[entry.id].poll() is not None:
            del self._workers[entry.id]
        if entry.has_requests:
            return carry_out(entry.folder, front=self._front_of_queue())
        if may_resume_itself(entry.state, host=socket.gethostname()):
            return requeue(entry.folder)
        return False

    def _watch(self, entry: RunEntry) -> bool:
        if not is_free(entry.folder.lock_path):
            return False
        done = interrupt(entry.folder, exit_code=_exit_code(self._workers.get(entry.id)))
        if done:
            self._workers.pop(entry.id, None)
        return done

    def _front_of_queue(self) -> float:
        """A place before all that wait, and before those that were put in front since the last look."""
        waiting = waiting_runs(self._index.listing.entries)
        first = min((entry.about.queue_position for entry in waiting), default=time.time())
        self._front = min(self._front, first) - 1.0
        return self._front

    def _launch_next(self, listing: Listing) -> bool:
        entries = _own(listing)
        busy = {slot_of(entry, self._slots) for entry in entries if entry.state.state in LIVING}
        launched = False
        for entry in waiting_runs(entries):
            slots = slots_for(entry.config.device, self._slots)
            if not slots:
                self._tried(entry, say_device_is_missing)
            slot = next((slot.id for slot in slots if slot.id not in busy), None)
            if slot and self._tried(entry, lambda own, slot=slot: self._launch(own, slot)):
                busy.add(slot)
                launched = True
        return launched

    def _launch(self, entry: RunEntry, slot: str) -> bool:
        lock = Lock.take(entry.folder.lock_path)
        if lock is None:
            return False
        with lock:
            if entry.folder.state().state is not RunState.QUEUED or entry.has_requests:
                return False
            entry.folder.begin_attempt(slot=slot)
            try:
                self._workers[entry.id] = self._executor.launch(entry.folder, lock, slot)
            except (OSError, RsdashError) as error:
                message = f"The worker could not be started: {error}"
                entry.folder.write_state(state=RunState.FAILED, message=message)
        return True

    def _suspend_all(self) -> None:
        living = [entry for entry in _own(self._index.refresh()) if entry.state.state in LIVING]
        leaving = [entry for entry in living if self._tried(entry, self._suspend)]
        deadline = time.monotonic() + SHUTDOWN_WAIT_S
        while leaving and time.monotonic() < deadline:
            leaving = [entry for entry in leaving if not is_free(entry.folder.lock_path)]
            time.sleep(0.05)

    def _suspend(self, entry: RunEntry) -> bool:
        """Ask a living run to leave with a checkpoint; by a signal where the request finds no room."""
        try:
            reason = Interruption.SHUTDOWN.value
            append_command(entry.folder.commands_path, Action.SUSPEND, reason=reason)
        except StorageError:
            worker = self._workers.get(entry.id)
            if worker is None:
                raise
            worker.terminate()
        return True


def _own(listing: Listing) -> list[RunEntry]:
    return [entry for entry in listing.entries if not entry.example]


def _exit_code(worker: Worker | None) -> int | None:
    """Exit code of a worker whose lock is free; it may need an instant to be reaped."""
    deadline = time.monotonic() + 1.0
    while worker is not None and time.monotonic() < deadline:
        if (code := worker.poll()) is not None:
            return code
        time.sleep(0.01)
    return None
