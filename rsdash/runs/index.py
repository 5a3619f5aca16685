"""One shared list of all runs: refreshed from the small files, handed out as immutable snapshots."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rsdash.config import RunConfig
from rsdash.errors import RunError, RunNotFoundError
from rsdash.evaluation.roles import Role, measured_roles
from rsdash.runs.amendments import amended
from rsdash.runs.folder import RunFolder, list_run_ids
from rsdash.runs.records import About, RunRequest, StateRecord

Stamps = tuple[tuple[int, int], tuple[int, int]]
"""When state.json and about.json were last replaced, and their inodes."""


@dataclass(frozen=True)
class RunEntry:
    """One run as lists show it."""

    folder: RunFolder
    request: RunRequest
    state: StateRecord
    about: About
    example: bool = False

    @property
    def id(self) -> str:
        """Name of the run's folder."""
        return self.folder.id

    @property
    def name(self) -> str:
        """What a person calls the run."""
        return self.about.name

    @cached_property
    def config(self) -> RunConfig:
        """The settings in force: those asked for, with what was changed on the way."""
        return amended(self.request.config, self.state.amendments)

    @property
    def watched_role(self) -> str:
        """Role of the images that are measured after each epoch; the final figures may have another."""
        data, steered = self.request.data, self.request.config.steered_by_validation
        roles = measured_roles(data.counts, steered=steered, test_role=data.test_role)
        return roles.get("validation") or roles.get("test") or Role.VALIDATION

    @property
    def has_requests(self) -> bool:
        """Whether something was asked of the run that is not carried out yet."""
        try:
            return self.folder.commands_path.stat().st_size > self.state.commands_end
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class Listing:
    """All runs at one moment.

    Attributes:
        entries: newest first; examples last.
        problems: folders that cannot be read: id → one sentence.
    """

    entries: tuple[RunEntry, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    def find(self, id_or_name: str) -> RunEntry:
        """The run of that id, or of that name where only one has it.

        Raises:
            RunNotFoundError: none has it, or several share the name.
        """
        for entry in self.entries:
            if entry.id == id_or_name:
                return entry
        named = [entry for entry in self.entries if entry.name == id_or_name]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(entry.id for entry in named[:4])
            raise RunNotFoundError(f"{len(named)} runs are named {id_or_name!r}; use an id: {ids}.")
        raise RunNotFoundError(f"There is no run {id_or_name!r}; `python -m rsdash runs` lists them.")

    def free_name(self, name: str, entry: RunEntry) -> str:
        """A new name of a run as it is kept: without spaces around it, and no other run's.

        Args:
            name: as typed.
            entry: the run, which may keep the name that it has.

        Raises:
            RunError: it is empty, or another run is found by it.
        """
        name = name.strip()
        if not name:
            raise RunError("A run needs a name.")
        others = [one for one in self.entries if one.id != entry.id and name in (one.name, one.id)]
        if others and name != entry.name:
            kind = "An example" if others[0].example else "Another run"
            raise RunError(
                f"{kind} is called {name!r} already ({others[0].id}). Choose a name that no other has, as "
                "runs are found by their names."
            )
        return name


class RunIndex:
    """Keeps the last reading of each run and reads again only what changed; safe to share by threads."""

    def __init__(self, runs_dir: Path, examples_dir: Path | None = None) -> None:
        self._runs_dir = runs_dir
        self._examples_dir = examples_dir
        self._known: dict[str, tuple[Stamps, RunEntry]] = {}
        self._listing = Listing()
        self._mutex = threading.Lock()

    @property
    def listing(self) -> Listing:
        """The last snapshot, without touching the disk."""
        return self._listing

    def refresh(self) -> Listing:
        """Look at every run folder and return a new snapshot."""
        with self._mutex:
            problems: list[tuple[str, str]] = []
            seen: dict[str, tuple[Stamps, RunEntry]] = {}
            for run_id, directory in self._places().items():
                try:
                    seen[run_id] = self._read(run_id, directory)
                except FileNotFoundError as error:
                    if (directory / run_id).exists():  # else it was deleted just now
                        missing = f"{error.filename} is missing; the run folder is incomplete."
                        problems.append((run_id, missing))
                except PermissionError:
                    problems.append((run_id, "The folder belongs to another user, who lets nobody read it."))
                except RunError as error:
                    problems.append((run_id, str(error)))
            self._known = seen
            entries = sorted((entry for _, entry in seen.values()), key=_order)
            self._listing = Listing(tuple(entries), tuple(problems))
            return self._listing

    def _places(self) -> dict[str, Path]:
        """Id of each run → the directory that holds it; a run of one's own hides an example of its id."""
        directories = (self._examples_dir, self._runs_dir)
        return {run_id: place for place in directories if place for run_id in list_run_ids(place)}

    def _read(self, run_id: str, directory: Path) -> tuple[Stamps, RunEntry]:
        known = self._known.get(run_id)
        if known and known[1].folder.path.parent != directory:
            known = None
        folder = known[1].folder if known else RunFolder(directory / run_id)
        stamps = (_stamp(folder.state_path), _stamp(folder.about_path))
        if known and known[0] == stamps:
            return known
        request = known[1].request if known else folder.request()
        example = directory == self._examples_dir
        return stamps, RunEntry(folder, request, folder.state(), folder.about(), example)


def _stamp(path: Path) -> tuple[int, int]:
    """Time and inode: a file that is replaced twice within one tick of the clock still shows."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def _order(entry: RunEntry) -> tuple[bool, float]:
    return entry.example, -entry.request.created_at
