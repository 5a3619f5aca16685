"""`runs`: look at what there is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rsdash.cli.output import Format, FormatOption, JsonOption, print_json, print_rows, wants_json
from rsdash.home import examples_dir, runs_dir
from rsdash.runs.index import Listing, RunEntry, RunIndex


def runs(
    examples: Annotated[bool, typer.Option("--examples", help="List the shipped examples too.")] = False,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """List all runs, newest first."""
    listing = all_runs()
    rows = [_row(entry) for entry in listing.entries if examples or not entry.example]
    if wants_json(format, json):
        print_json(rows)
        return
    columns = ("id", "name", "state", "model", "data", "epoch", "accuracy", "loss")
    print_rows(rows, columns=columns, empty="No runs yet. `python -m rsdash train` makes one.")
    for folder, problem in listing.problems:
        typer.echo(f"{folder}: {problem}", err=True)


def all_runs() -> Listing:
    """One's own runs and the examples, as they are now."""
    return RunIndex(runs_dir(), examples_dir()).refresh()


def _row(entry: RunEntry) -> dict[str, Any]:
    state, summary, config = entry.state, entry.state.summary, entry.config
    return {
        "id": entry.id,
        "name": entry.name,
        "state": state.state.value,
        "reason": state.reason.value if state.reason else None,
        "message": state.message,
        "model": config.model,
        "data": config.data,
        "seed": config.seed,
        "epoch": summary.epoch,
        "epochs": config.epochs,
        "accuracy": summary.accuracy,
        "loss": summary.loss,
        "role": summary.role or None,
        "images": summary.images,
        "elapsed_s": summary.elapsed_s,
        "example": entry.example,
    }
