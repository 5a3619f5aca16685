"""Following a run to its end on a terminal, as its job runner where there is no other."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rsdash.home import runs_dir
from rsdash.jobs.runner import JobRunner
from rsdash.jobs.unattended import has_yet_to_look
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.states import ENDED, EVALUATED, RunState

POLL_S = 0.3
EXIT_ENDED = 1
EXIT_DETACHED = 130


def follow(folders: Sequence[RunFolder], index: RunIndex) -> int:
    """Show one run after the other until each ends, being the job runner if there is none.

    Returns:
        The exit code: that of the first run that did not end well.
    """
    runner = JobRunner(runs_dir(), index)
    runner.start()
    runner.wake()
    code, folder = 0, folders[0]
    try:
        for folder in folders:
            entry = _watch(folder, index, runner)
            print(_last_words(entry))
            code = code or (0 if entry.state.state in EVALUATED else EXIT_ENDED)
    except KeyboardInterrupt:
        waits = folder.state().state is RunState.QUEUED
        print(f"\nDetached. {folder.about().name} {'waits in the queue' if waits else 'goes on'}; "
              "`python -m rsdash runs` shows it.")  # fmt: skip
        return EXIT_DETACHED
    finally:
        runner.stop(suspend_workers=False)
    return code


def _watch(folder: RunFolder, index: RunIndex, runner: JobRunner) -> RunEntry:
    show = _bar if sys.stdout.isatty() else _lines
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=show is _lines) as progress:
        task = progress.add_task("waiting", total=None)
        last = ""
        while True:
            listing = index.listing if runner.in_charge else index.refresh()
            entry = listing.find(folder.id)
            last = show(entry, progress, task, last)
            if entry.state.state in ENDED and not has_yet_to_look(entry):
                return entry
            time.sleep(POLL_S)


def _bar(entry: RunEntry, progress: Progress, task: Any, last: str) -> str:
    summary = entry.state.summary
    text = f"{entry.state.state.lower()}, {_epoch_text(entry)}"
    progress.update(task, description=text, completed=summary.step, total=summary.steps or None)
    return text


def _lines(entry: RunEntry, progress: Progress, task: Any, last: str) -> str:
    text = f"{entry.state.state.lower()}, {_epoch_text(entry)}"
    if text != last:
        print(text, flush=True)
    return text


def _epoch_text(entry: RunEntry) -> str:
    summary = entry.state.summary
    text = f"epoch {summary.epoch} of {entry.config.epochs}"
    if summary.accuracy is not None and summary.loss is not None:
        text += f", accuracy {summary.accuracy:.3f}, loss {summary.loss:.3f}"
    return text


def _last_words(entry: RunEntry) -> str:
    state, summary = entry.state, entry.state.summary
    if state.state in EVALUATED:
        return (
            f"{entry.name} {state.state.lower()}: accuracy {summary.accuracy:.4f}, loss {summary.loss:.4f} "
            f"on {summary.images} images ({summary.role}), {summary.elapsed_s:.0f} s of training."
        )
    reason = f" ({state.reason.value})" if state.reason else ""
    return f"{entry.name} {state.state.lower()}{reason}. {state.message}".rstrip()
