"""`pause`, `stop`, `cancel`, `resume`, `change`, `move` and `about`: what is asked of runs that exist."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rsdash.cli.following import follow
from rsdash.cli.options import RunArgument
from rsdash.errors import ConfigError, RunError
from rsdash.home import examples_dir, runs_dir
from rsdash.jobs.queue import move_in_queue, waiting_runs
from rsdash.jobs.requests import (
    request_cancel,
    request_changes,
    request_pause,
    request_resume,
    request_stop,
    require_own,
)
from rsdash.runs.events import read_lines
from rsdash.runs.index import RunEntry, RunIndex

ANSWER_WAIT_S = 10.0
POLL_S = 0.1

DetachOption = Annotated[bool, typer.Option("--detach", help="Queue the run and return.")]


def pause(run: RunArgument) -> None:
    """Have a running run write a checkpoint and free the device."""
    _ask(run, lambda entry: [request_pause(entry)])


def stop(run: RunArgument) -> None:
    """End a running run early; what was learnt is kept and evaluated."""
    _ask(run, lambda entry: [request_stop(entry)])


def cancel(run: RunArgument) -> None:
    """Give up a waiting or running run; one that was extended is again what it was."""
    _ask(run, lambda entry: [request_cancel(entry)])


def resume(run: RunArgument, detach: DetachOption = False) -> None:
    """Go on with a run from its last checkpoint, first in the queue, and wait for it."""
    index, entry = _find(run)
    request_resume(entry)
    _go_on(entry, index, detach=detach)


def change(
    run: RunArgument,
    learning_rate: Annotated[float | None, typer.Option(help="From the next step on.")] = None,
    epochs: Annotated[int | None, typer.Option(help="New length; a finished run goes on.")] = None,
) -> None:
    """Change the learning rate or the number of epochs of a run, also while it trains."""
    if learning_rate is None and epochs is None:
        raise ConfigError("Say what to change: --learning-rate or --epochs.")
    _ask(run, lambda entry: request_changes(entry, learning_rate=learning_rate, epochs=epochs))


def move(run: RunArgument, place: Annotated[int, typer.Argument(min=1, help="1 for the next run.")]) -> None:
    """Give a waiting run another place in the queue."""
    index, entry = _find(run)
    move_in_queue(waiting_runs(index.listing.entries), entry, place - 1)
    for number, waiting in enumerate(waiting_runs(index.refresh().entries), start=1):
        typer.echo(f"{number}. {waiting.name}")


def about(
    run: RunArgument,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tags instead of the present ones; repeat.")] = None,
    note: Annotated[str | None, typer.Option(help="Note instead of the present one.")] = None,
    pin: Annotated[bool | None, typer.Option(help="Keep its checkpoint when space is saved.")] = None,
) -> None:
    """Show or change the name, tags and note of a run."""
    index, entry = _find(run)
    given: dict[str, Any] = {"name": name, "tags": tuple(tag) if tag else None, "note": note, "pinned": pin}
    changes = {key: value for key, value in given.items() if value is not None}
    if changes:
        require_own(entry.folder, entry.example)
    if name is not None:
        changes["name"] = index.listing.free_name(name, entry)
    now = entry.folder.write_about(**changes) if changes else entry.about
    typer.echo(f"{now.name} ({entry.id}){' pinned' if now.pinned else ''}")
    typer.echo(f"tags: {', '.join(now.tags) or 'none'}\nnote: {now.note or 'none'}")


def _find(run: str) -> tuple[RunIndex, RunEntry]:
    index = RunIndex(runs_dir(), examples_dir())
    return index, index.refresh().find(run)


def _ask(run: str, request: Callable[[RunEntry], list[str]]) -> None:
    """Write requests and wait a while for the answers of whoever holds the run."""
    _, entry = _find(run)
    asked = request(entry)
    deadline = time.monotonic() + ANSWER_WAIT_S
    while time.monotonic() < deadline:
        rows = [line.fields for line in read_lines(entry.folder.metrics_path)]
        answers = {row.get("command"): row for row in rows if row.get("kind") == "acknowledgement"}
        if answers.keys() >= set(asked):
            for request_id in asked:
                _require_done(entry, answers[request_id])
            typer.echo(f"{entry.name}: done.")
            return
        time.sleep(POLL_S)
    typer.echo(f"Asked {entry.name}; nobody has answered yet. A dashboard or a `train` on this folder does.")


def _require_done(entry: RunEntry, answer: dict[str, Any]) -> None:
    if answer.get("outcome") != "done":
        raise RunError(f"{entry.name}: refused. {answer.get('reason', '')}")


def _go_on(entry: RunEntry, index: RunIndex, *, detach: bool) -> None:
    if detach:
        typer.echo(f"{entry.name} goes on as soon as a dashboard or a `train` has a free device.")
        return
    raise typer.Exit(follow([entry.folder], index))
