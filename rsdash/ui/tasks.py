"""Long actions that a page starts and watches: a thread each, with progress, a result and a stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rsdash.errors import RsdashError


class Report(Protocol):
    """Takes units done and in all, and in words what is done, where they do not say it."""

    def __call__(self, done: int, total: int, words: str = "", /) -> None:
        """Take a report; it raises to end the action."""
        ...


class TaskStoppedError(RsdashError):
    """A person stopped the task."""


@dataclass(frozen=True)
class Progress:
    """How far a task was at its latest report.

    Attributes:
        title: what the task does, in words.
        done: units done.
        total: units in all, or 0 while unknown.
        words: what the task is at, where the units do not say it; or empty.
        since: when these units began to be counted, of the monotonic clock, in seconds.
        done_before: units that were done by then.
    """

    title: str
    done: int = 0
    total: int = 0
    words: str = ""
    since: float = 0.0
    done_before: int = 0

    def after(self, done: int, total: int, words: str) -> Progress:
        """The progress with another report; a new phase, which counts other units, has its own clock."""
        if total != self.total or done < self.done:
            return Progress(self.title, done, total, words, time.monotonic(), done)
        return replace(self, done=done, words=words)

    @property
    def share(self) -> float:
        """Share done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds to the end of this phase; None before its first hundredth."""
        counted = self.done - self.done_before
        if not self.total or counted < 0.01 * self.total:
            return None
        return (time.monotonic() - self.since) * max(0, self.total - self.done) / counted


@dataclass
class Task:
    """One long action.

    Attributes:
        progress: how far it is; its thread replaces it as a whole, so that no page reads half a report.
        result: what it returned, once finished without error.
        error: why it failed, in one sentence, or empty.
        finished: whether it has ended.
    """

    progress: Progress
    result: Any = None
    error: str = ""
    finished: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Have it end at its next report of progress."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether a person asked it to end."""
        return self._stop.is_set()

    def report(self, done: int, total: int, words: str = "", /) -> None:
        """Take a report of progress.

        Raises:
            TaskStoppedError: a person stopped the task.
        """
        if self._stop.is_set():
            raise TaskStoppedError(f"{self.progress.title}: stopped.")
        self.progress = self.progress.after(done, total, words)


class Tasks:
    """The tasks of a server by key; starting one that is under way returns it."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._mutex = threading.Lock()

    def get(self, key: str) -> Task | None:
        """The latest task of that key."""
        return self._tasks.get(key)

    def under_way(self, prefix: str = "") -> bool:
        """Whether any task is running whose key begins so."""
        return any(key.startswith(prefix) and not task.finished for key, task in list(self._tasks.items()))

    def start(self, key: str, title: str, action: Callable[[Report], Any]) -> Task:
        """Run `action` in a thread, unless one of that key is under way.

        Args:
            key: names the task for pages.
            title: what it does, in words.
            action: called with a function that takes reports of progress.
        """
        with self._mutex:
            known = self._tasks.get(key)
            if known and not known.finished:
                return known
            task = self._tasks[key] = Task(Progress(title))
        threading.Thread(target=_run, args=(task, action), name=f"task {key}", daemon=True).start()
        return task

    def forget(self, key: str) -> None:
        """Drop a finished task."""
        with self._mutex:
            task = self._tasks.get(key)
            if task and task.finished:
                del self._tasks[key]


def _run(task: Task, action: Callable[[Report], Any]) -> None:
    try:
        task.result = action(task.report)
    except RsdashError as error:
        task.error = str(error)
    except Exception:
        task.error = f"{task.progress.title} met an error of its own; the server's log has the details."
        raise
    finally:
        task.finished = True
