"""One run's folder: where its files are, how it is made, read and changed."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rsdash.errors import RunNotFoundError, storage_errors
from rsdash.files import remove_torn, write_text
from rsdash.runs.amendments import Amendment, read_amendments
from rsdash.runs.commands import Command
from rsdash.runs.events import append_event, bring_to_disk
from rsdash.runs.records import About, Environment, RunRequest, StateRecord, read_record
from rsdash.runs.states import ENDED, RunState, check_move

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9_]+-[0-9a-f]{6}")
DRAFT_PREFIX = ".new-"
OWN_IMAGES = "own images"
"""Label of the evaluation that ends every run."""
REMOVED_PREFIX = ".removed-"
FURTHER_PREFIX = "evaluation-"


@dataclass(frozen=True)
class RunFolder:
    """The files of one run; paths that the job runner looks at twice a second are made once."""

    path: Path

    @cached_property
    def id(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def lock_path(self) -> Path:
        """Held by the worker as long as it lives."""
        return self.path / "worker.lock"

    @property
    def metrics_path(self) -> Path:
        """Append-only events."""
        return self.path / "metrics.jsonl"

    @cached_property
    def commands_path(self) -> Path:
        """Append-only requests."""
        return self.path / "commands.jsonl"

    @cached_property
    def state_path(self) -> Path:
        """What is the case."""
        return self.path / "state.json"

    @cached_property
    def about_path(self) -> Path:
        """What a person says of the run."""
        return self.path / "about.json"

    @property
    def split_path(self) -> Path:
        """File names of train, validation and test."""
        return self.path / "split.json"

    @property
    def checkpoint_path(self) -> Path:
        """Everything needed to go on."""
        return self.path / "last.ckpt"

    @property
    def weights_path(self) -> Path:
        """The weights that are reported."""
        return self.path / "model.safetensors"

    @property
    def evaluation_path(self) -> Path:
        """Logits, labels and roles behind every final figure."""
        return self.path / "evaluation.npz"

    @property
    def new_path(self) -> Path:
        """Folder of new weights and their evaluation until both are complete."""
        return self.path / "new"

    def evaluation_paths(self) -> dict[str, Path]:
        """All that the reported weights were measured on, by a readable label; the run's own images first."""
        own = {OWN_IMAGES: self.evaluation_path} if self.evaluation_path.exists() else {}
        further = sorted(self.path.glob(f"{FURTHER_PREFIX}*.npz"))
        return own | {path.stem.removeprefix(FURTHER_PREFIX): path for path in further}

    @property
    def filters_path(self) -> Path:
        """The first layer's filters at first and at last."""
        return self.path / "filters.npz"

    @property
    def log_path(self) -> Path:
        """What the worker printed."""
        return self.path / "worker.log"

    def request(self) -> RunRequest:
        """Read config.json."""
        return read_record(self.path / "config.json", RunRequest)

    def state(self) -> StateRecord:
        """Read state.json."""
        return read_record(self.state_path, StateRecord)

    def about(self) -> About:
        """Read about.json."""
        return read_record(self.about_path, About)

    def environment(self) -> Environment:
        """Read environment.json; empty before the first attempt."""
        path = self.path / "environment.json"
        return read_record(path, Environment) if path.exists() else Environment()

    def write_state(self, **changes: Any) -> StateRecord:
        """Change state.json; only the holder of the run's lock may call this.

        Raises:
            RunError: the table of states does not hold the move.
            StorageError: the disk is full or the place cannot be written.
        """
        before = self.state()
        after, now = before.model_copy(update=changes), time.time()
        check_move(before.state, after.state, way_back=before.before.state if before.before else None)
        ends = after.state in ENDED and before.state not in ENDED
        after = after.model_copy(update={"updated_at": now} | ({"ended_at": now} if ends else {}))
        write_text(self.state_path, after.model_dump_json(indent=1))
        return after

    def write_about(self, **changes: Any) -> About:
        """Change about.json."""
        about = self.about().model_copy(update=changes)
        write_text(self.about_path, about.model_dump_json(indent=1))
        return about

    def add_attempt(self, facts: dict[str, Any]) -> None:
        """Add the circumstances of one attempt to environment.json."""
        attempts = (*self.environment().attempts, facts)
        write_text(self.path / "environment.json", Environment(attempts=attempts).model_dump_json(indent=1))

    def amend(self, amendment: Amendment, **fields: Any) -> bool:
        """Record a changed setting before it takes effect; only the holder of the lock may call this.

        Args:
            amendment: what changes from which step on.
            fields: further facts of the event, such as the `command` that asked.

        Returns:
            Whether it was new. Where the log holds what that command asked for, from its own step on, whoever
            took the command was killed before it could say so.
        """
        command = fields.get("command")
        new = not (command and read_amendments(self.metrics_path, command=command))
        if new:
            self.log_event("amendment", **amendment.model_dump(), **fields)
            bring_to_disk(self.metrics_path)
        self.write_state(amendments=read_amendments(self.metrics_path))
        return new

    def acknowledge(self, command: Command, *, refusal: str = "", **fields: object) -> None:
        """Answer a request in metrics.jsonl; only the holder of the run's lock may call this.

        Args:
            command: what was asked.
            refusal: why it is not done; empty where it is.
            fields: further facts, such as the `value` that now holds.
        """
        outcome = {"outcome": "refused", "reason": refusal} if refusal else {"outcome": "done"}
        self.log_event(
            "acknowledgement", command=command.id, action=command.action.value, **fields, **outcome
        )

    def begin_attempt(self, *, slot: str = "") -> StateRecord:
        """Note that a worker is launched; only the holder of the run's lock may call this.

        Args:
            slot: device that it is given; empty where a person launches it.
        """
        state = self.state()
        return self.write_state(
            state=RunState.STARTING,
            reason=None,
            message="",
            attempt=state.attempt + 1,
            fruitless=state.fruitless + 1,
            host=socket.gethostname(),
            slot=slot,
        )

    def log_event(self, kind: str, **fields: Any) -> None:
        """Append an event to metrics.jsonl; only the holder of the run's lock may call this."""
        append_event(self.metrics_path, kind, **fields)

    def remove_torn(self) -> None:
        """Remove what a killed worker left half done; only the holder of the run's lock may call this."""
        remove_torn(self.checkpoint_path)
        shutil.rmtree(self.new_path, ignore_errors=True)

    def disk_bytes(self) -> int:
        """Size of all files, without a result that is half made.

        Those that a worker replaces at this moment may be missing, and all of a run that is deleted.
        """
        total = 0
        with suppress(FileNotFoundError):
            for path in self.path.iterdir():
                with suppress(FileNotFoundError):
                    total += path.lstat().st_size if path.is_file() else 0
        return total

    def log_tail(self, *, lines: int = 20) -> str:
        """Last lines of what the worker printed, read from the last 16 kB."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, self.log_path.stat().st_size - 16_384))
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def new_run_id(model: str) -> str:
    """An id that sorts by time and tells the model."""
    slug = re.sub(r"[^a-z0-9]+", "_", model.lower()).strip("_")[:32]
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{slug or 'model'}-{secrets.token_hex(3)}"


def list_run_ids(runs_dir: Path) -> list[str]:
    """Ids of the runs that lie there, oldest first; whatever else lies there is passed over."""
    try:
        return sorted(path.name for path in runs_dir.iterdir() if RUN_ID.fullmatch(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def open_run(runs_dir: Path, run_id: str) -> RunFolder:
    """The folder of one run.

    Raises:
        RunNotFoundError: the id is malformed or no such run exists.
    """
    if RUN_ID.fullmatch(run_id) and (runs_dir / run_id / "config.json").is_file():
        return RunFolder(runs_dir / run_id)
    raise RunNotFoundError(f"There is no run {run_id!r} in {runs_dir}.")


def remove_run(folder: RunFolder) -> None:
    """Rename a run out of sight, then delete its files; the caller holds its lock."""
    hidden = folder.path.with_name(f"{REMOVED_PREFIX}{folder.id}")
    with storage_errors(folder.path):
        folder.path.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)
