"""Long work that tells how far it is: a thread does it, and a generator says again and again what it told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from rsdash.inference.results import Step

POLL_S = 0.2
"""So often whoever listens hears that the work goes on, and can end it."""

Said = TypeVar("Said", bound=Step)
Result = TypeVar("Result")


class _LeavingError(Exception):
    """Ends work where nobody waits for it any more."""


def told(work: Callable[[Callable[[Said], None]], Result], first: Said) -> Generator[Said, None, Result]:
    """Do it in a thread of its own.

    Where the generator is closed, the next step that the work tells ends it, and its end is waited for.

    Args:
        work: called with a function that takes a step, in the thread.
        first: said until the work has told a step.

    Yields:
        The latest step, every `POLL_S` seconds, whether there is a new one or not.

    Returns:
        What the work returned; what it raised is raised.
    """
    latest, leaving = [first], threading.Event()

    def tell(step: Said) -> None:
        if leaving.is_set():
            raise _LeavingError
        latest[0] = step

    with ThreadPoolExecutor(1, "told") as thread:
        try:
            future = thread.submit(work, tell)
            while not future.done():
                wait([future], POLL_S)
                yield latest[0]
            return future.result()
        finally:
            leaving.set()
