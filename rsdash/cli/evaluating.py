"""`evaluate`: measure an old run on another data set or split."""

from __future__ import annotations

from typing import Annotated

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import Format, FormatOption, JsonOption, bar, print_json
from rsdash.errors import RunError
from rsdash.home import examples_dir, runs_dir
from rsdash.inference.results import EvaluationResult
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex


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
    entry = RunIndex(runs_dir(), examples_dir()).refresh().find(run)
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to evaluate.")
    found = _measure(entry.folder, data, split)
    if json or format is Format.JSON:
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


def _measure(folder: RunFolder, data: str, split: str) -> EvaluationResult:
    from rsdash.inference.evaluating import evaluate_run  # imports torch

    with bar(f"Evaluating on {data}") as report:
        for item in evaluate_run(folder, data=data, split=split):
            if isinstance(item, EvaluationResult):
                return item
            report(item.done, item.total)
    raise AssertionError("an evaluation ends with its result")
