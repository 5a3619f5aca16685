"""Long actions that a page starts and watches: a thread each, with progress, a result and a stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rsdash.errors import RsdashError


class Report(Protocol):
    """Takes units done and in all, and in words what is done, where they do not say it."""

    def __call__(self, done: int, total: int, words: str = "", /) -> None:
        """Take a report; it raises to end the action."""
        ...


class TaskStoppedError(RsdashError):
    """A person stopped the task."""


@dataclass
class Task:
    """One long action.

    Attributes:
        title: what it does, in words.
        done: units done.
        total: units in all, or 0 while unknown.
        words: what it is at, where the units do not say it; or empty.
        result: what it returned, once finished without error.
        error: why it failed, in one sentence, or empty.
        finished: whether it has ended.
        started_at: of the monotonic clock, in seconds.
    """

    title: str
    done: int = 0
    total: int = 0
    words: str = ""
    result: Any = None
    error: str = ""
    finished: bool = False
    started_at: float = field(default_factory=time.monotonic)
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
            raise TaskStoppedError(f"{self.title}: stopped.")
        self.done, self.total, self.words = done, total, words

    @property
    def share(self) -> float:
        """Share done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds to the end; None before the first hundredth."""
        if self.share < 0.01:
            return None
        return (time.monotonic() - self.started_at) * (1 - self.share) / self.share


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
            task = self._tasks[key] = Task(title)
        threading.Thread(target=_run, args=(task, action), name=f"task {key}", daemon=True).start()
        return task

    def forget(self, key: str) -> None:
        """Drop a finished task."""
        with self._mutex:
            self._tasks.pop(key, None)


def _run(task: Task, action: Callable[[Report], Any]) -> None:
    try:
        task.result = action(task.report)
    except RsdashError as error:
        task.error = str(error)
    except Exception:
        task.error = f"{task.title} met an error of its own; the server's log has the details."
        raise
    finally:
        task.finished = True
