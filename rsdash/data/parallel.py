"""Work on many files with a few threads, in order, with progress; decoders release the GIL."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from rsdash.processors import processors

Progress = Callable[[int, int], None]
"""Called with (done, total); it may raise to stop the work."""

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_THREADS = 8
BATCH = 32
"""Items a task: small enough for smooth progress, large enough to hide the cost of a future."""


def map_in_order(
    function: Callable[[Item], Result], items: Sequence[Item], on_progress: Progress | None = None
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, computed a little ahead by a thread pool.

    Args:
        function: thread-safe; an exception ends the iteration.
        items: what to work on.
        on_progress: called in the caller's thread with (done, total).
    """
    threads = min(MAX_THREADS, processors())
    batches = (items[start : start + BATCH] for start in range(0, len(items), BATCH))
    done = 0
    pool = ThreadPoolExecutor(threads, thread_name_prefix="rsdash-data")
    try:
        pending: deque[Future[list[Result]]] = deque()
        for batch in islice(batches, 4 * threads):
            pending.append(pool.submit(_run, function, batch))
        while pending:
            results = pending.popleft().result()
            for batch in islice(batches, 1):
                pending.append(pool.submit(_run, function, batch))
            yield from results
            done += len(results)
            if on_progress:
                on_progress(done, len(items))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_ahead(items: Generator[Item, None, None]) -> Iterator[Item]:
    """Yield the items; a thread of their own makes the next while the caller works on this one.

    Args:
        items: they are made, and closed, in that thread alone; None is no item.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="rsdash-ahead") as thread:
        coming = thread.submit(next, items, None)
        try:
            while (item := coming.result()) is not None:
                coming = thread.submit(next, items, None)
                yield item
        finally:
            thread.submit(items.close)


def _run(function: Callable[[Item], Result], batch: Sequence[Item]) -> list[Result]:
    return [function(item) for item in batch]
