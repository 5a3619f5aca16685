"""`runs`, `compare` and `predict`: look at what there is and use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import Format, FormatOption, JsonOption, print_json, print_rows
from rsdash.errors import DataNotFoundError, ImageError, RunError
from rsdash.evaluation.comparison import STUDY_TABLE_2, best_of, differing_settings, why_not_ranked
from rsdash.home import examples_dir, runs_dir
from rsdash.runs.contender import contender_for
from rsdash.runs.index import Listing, RunEntry, RunIndex

RunArguments = Annotated[list[str], typer.Argument(help="Ids or unique names of runs.")]


def runs(
    examples: Annotated[bool, typer.Option("--examples", help="List the shipped examples too.")] = False,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """List all runs, newest first."""
    listing = _listing()
    rows = [_row(entry) for entry in listing.entries if examples or not entry.example]
    if json or format is Format.JSON:
        print_json(rows)
        return
    columns = ("id", "name", "state", "model", "data", "epoch", "accuracy", "loss")
    print_rows(rows, columns=columns, empty="No runs yet. `python -m rsdash train` makes one.")
    for folder, problem in listing.problems:
        typer.echo(f"{folder}: {problem}", err=True)


def compare(names: RunArguments, format: FormatOption = Format.TEXT, json: JsonOption = False) -> None:
    """Put runs side by side: figures with 95 % intervals, and the settings that differ."""
    listing = _listing()
    entries = [listing.find(name) for name in names]
    contenders = [contender_for(entry) for entry in entries]
    differing = differing_settings({entry.name: entry.config for entry in entries})
    reason, best = why_not_ranked(contenders), best_of(contenders)
    rows = [_compared(entry) for entry in entries]
    if json or format is Format.JSON:
        reference = [vars(row) for row in STUDY_TABLE_2]
        settings = {
            name: {run: _plain(value) for run, value in values.items()} for name, values in differing.items()
        }
        print_json({"runs": rows, "differing": settings, "not_ranked": reason,
                    "best": best.id if best else None, "reference": reference})  # fmt: skip
        return
    print_rows(rows, columns=("name", "model", "accuracy", "±", "loss", "role", "images"), empty="")
    for row in STUDY_TABLE_2:
        typer.echo(f"for reference: {row.model} {row.accuracy:.4f}, loss {row.loss:.4f} ({row.source})")
    typer.echo(reason or (f"Highest accuracy: {best.name}" if best else "The accuracies are equal."))
    for name, values in differing.items():
        typer.echo(f"{name}: " + ", ".join(f"{run} {_plain(value)}" for run, value in values.items()))


def predict(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    top: Annotated[int, typer.Option(min=1, help="Classes to name for each image.")] = 5,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Name the most probable classes of images."""
    entry = _listing().find(run)
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to predict.")
    contents = [(str(path), _read(path)) for path in images]
    from rsdash.inference.predictor import Predictor  # imports torch

    found = Predictor(entry.folder.weights_path).predict(contents, top=top)
    if all(prediction.error for prediction in found):
        raise ImageError("\n".join(prediction.error for prediction in found))
    if json or format is Format.JSON:
        print_json([prediction.model_dump() for prediction in found])
        return
    for prediction in found:
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        answer = ", ".join(f"{name} {share:.1%}" for name, share in pairs)
        typer.echo(f"{prediction.file}: {prediction.error or answer}")


def _listing() -> Listing:
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


def _compared(entry: RunEntry) -> dict[str, Any]:
    contender = contender_for(entry)
    figures = contender.figures
    facts = {
        "id": entry.id,
        "name": entry.name,
        "model": entry.config.model,
        "state": entry.state.state.value,
    }
    if figures is None:
        return {**facts, "accuracy": None, "±": None, "loss": None, "role": None, "images": 0}
    interval = figures.intervals.get("accuracy")
    return {
        **facts,
        "accuracy": figures.accuracy,
        "±": figures.accuracy_half_width,
        "accuracy_low": interval.low if interval else None,
        "accuracy_high": interval.high if interval else None,
        "loss": figures.loss,
        "average_accuracy": figures.average_accuracy,
        "macro_f1": figures.macro_f1,
        "kappa": figures.kappa,
        "role": figures.role,
        "images": figures.images,
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataNotFoundError(f"There is no image at {path}.") from error


def _plain(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, tuple) else value
