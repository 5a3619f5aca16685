"""What all sessions of a server share: the list of runs, the job runner, and readers of histories."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsdash.data import Dataset, DatasetInfo, open_dataset
from rsdash.home import examples_dir, runs_dir
from rsdash.jobs.runner import JobRunner
from rsdash.runs.folder import OWN_IMAGES, RunFolder
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.index import Listing, RunEntry, RunIndex
from rsdash.ui.form_memory import TypedForms
from rsdash.ui.tasks import Tasks

if TYPE_CHECKING:
    from rsdash.evaluation.comparison import Contender

READERS_KEPT = 64
DATASETS_KEPT = 4
CONTENDERS_KEPT = 128
PAYLOADS_KEPT = 256
"""Drawn charts of a few tens of kB each, several a run."""


class Server:
    """Shared by all sessions; but for tasks and typed forms, all it holds can be had from disk again."""

    def __init__(self, runs: Path) -> None:
        self.runs_dir = runs
        self.index = RunIndex(runs, examples_dir())
        self.runner = JobRunner(runs, self.index)
        self.tasks = Tasks()
        self.forms = TypedForms()
        self._readers: OrderedDict[Path, tuple[HistoryReader, float]] = OrderedDict()
        self._datasets: OrderedDict[str, Dataset] = OrderedDict()
        self._contenders: OrderedDict[Hashable, Contender] = OrderedDict()
        self._payloads: OrderedDict[tuple[Path, str], tuple[Hashable, Any]] = OrderedDict()
        self._mutex = threading.Lock()
        self._drawing = threading.Lock()

    def listing(self) -> Listing:
        """All runs now; the runner's own snapshot while it is in charge."""
        return self.index.listing if self.runner.in_charge else self.index.refresh()

    def history(self, folder: RunFolder, *, age_s: float = 0.0) -> History:
        """A run's events; only new bytes are read, whoever asks.

        Args:
            folder: the run.
            age_s: how old the answer may be. Those who watch a run tick at different moments; without an
                age, each of them would have its charts drawn anew.
        """
        now = time.monotonic()
        with self._mutex:
            reader, looked_at = self._readers.get(folder.path) or (HistoryReader(folder.metrics_path), -age_s)
            if now - looked_at >= age_s:
                reader.refresh()
                self._readers[folder.path] = reader, now
            self._readers.move_to_end(folder.path)
            while len(self._readers) > READERS_KEPT:
                self._readers.popitem(last=False)
            return reader.latest

    def contender(self, entry: RunEntry, measured_on: str = OWN_IMAGES) -> Contender:
        """A run as a comparison sees it; its figures are computed once for each evaluation."""
        key = (entry.folder.path, entry.state.updated_at, entry.name, measured_on, _stamp(entry, measured_on))
        with self._mutex:
            known = self._contenders.get(key)
        if known is None:
            from rsdash.runs.contender import (
                contender_for,
            )  # brings scipy, which the first page can do without

            known = contender_for(entry, measured_on)
        with self._mutex:
            self._contenders[key] = known
            self._contenders.move_to_end(key)
            while len(self._contenders) > CONTENDERS_KEPT:
                self._contenders.popitem(last=False)
        return known

    def payload(
        self, folder: RunFolder, kind: str, revision: Hashable, build: Callable[[Any | None], Any]
    ) -> Any:
        """Something drawn from a run's history: built once for a revision, shared by all who watch.

        Args:
            folder: the run.
            kind: names what is drawn.
            revision: changes with what it is drawn from.
            build: draws it, given what was drawn last, if anything; may ask the server for anything but
                another payload.
        """
        key = (folder.path, kind)
        with self._drawing:
            known = self._payloads.get(key)
            if known is None or known[0] != revision:
                self._payloads[key] = revision, build(known[1] if known else None)
            self._payloads.move_to_end(key)
            while len(self._payloads) > PAYLOADS_KEPT:
                self._payloads.popitem(last=False)
            return self._payloads[key][1]

    def dataset(self, info: DatasetInfo) -> Dataset:
        """A data set as `list_datasets` found it; its list of files is read once a version.

        Raises:
            DataError: what is stored about it is damaged.
        """
        with self._mutex:
            known = self._datasets.get(info.name)
            if known is None or known.info != info:
                known = self._datasets[info.name] = open_dataset(info.name)
            self._datasets.move_to_end(info.name)
            while len(self._datasets) > DATASETS_KEPT:
                self._datasets.popitem(last=False)
            return known

    def refresh(self) -> None:
        """Take in what was just written, and have the runner look at it."""
        self.index.refresh()
        self.runner.wake()


def _stamp(entry: RunEntry, measured_on: str) -> int:
    """Changes when the evaluation is written anew."""
    try:
        return entry.folder.evaluation_paths()[measured_on].stat().st_mtime_ns
    except (KeyError, FileNotFoundError):
        return 0


_server: Server | None = None
_making = threading.Lock()


def server() -> Server:
    """The one of this process; made without a running job runner where the lifespan has not (in tests)."""
    global _server  # the one shared object of the process
    with _making:
        if _server is None:
            _server = Server(runs_dir())
        return _server


def start_server() -> None:
    """Start supervising runs."""
    server().runner.start()


def stop_server() -> None:
    """Suspend all workers, wait for them a while, and leave."""
    global _server  # the one shared object of the process
    with _making:
        if _server is not None:
            _server.runner.stop(suspend_workers=True)
            _server = None
