"""`evaluate`: measure an old run on another data set or split."""

from __future__ import annotations

from typing import Annotated

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import Format, FormatOption, JsonOption, followed, print_json, wants_json
from rsdash.cli.reading import all_runs
from rsdash.errors import RunError
from rsdash.inference.results import EvaluationResult


def evaluate(
    run: RunArgument,
    data: Annotated[str, typer.Option(help="Name of a data set, or the path of a folder or zip.")],
    split: Annotated[
        str, typer.Option(help="Stored split whose test and validation images are measured; else all images.")
    ] = "",
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Measure a run's weights on other images; those that it trained on are left out."""
    entry = all_runs().find(run)
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to evaluate.")
    from rsdash.inference.evaluating import evaluate_run  # imports torch

    items = evaluate_run(entry.folder, data=data, split=split)
    found = followed(items, EvaluationResult, f"Evaluating {entry.name} on {data}")
    if wants_json(format, json):
        print_json({"run": entry.id, **found.model_dump()})
        return
    typer.echo(
        f"{entry.name} on {found.data}, {found.split or 'all images'}: accuracy "
        f"{_with_interval(found)}, loss {found.loss:.4f} on {found.images:,} images ({found.role})."
    )
    for note in found.notes:
        typer.echo(note)
    typer.echo(f"Stored as {found.file} in {entry.folder.path}.")


def _with_interval(found: EvaluationResult) -> str:
    if found.accuracy_low is None or found.accuracy_high is None:
        return f"{found.accuracy:.4f}"
    return f"{found.accuracy:.4f} ± {(found.accuracy_high - found.accuracy_low) / 2:.4f}"
