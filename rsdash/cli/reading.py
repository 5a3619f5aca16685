"""`runs` and `predict`: look at what there is and use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import Format, FormatOption, JsonOption, print_json, print_rows
from rsdash.errors import DataNotFoundError, ImageError, RunError
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
    if json or format is Format.JSON:
        print_json(rows)
        return
    columns = ("id", "name", "state", "model", "data", "epoch", "accuracy", "loss")
    print_rows(rows, columns=columns, empty="No runs yet. `python -m rsdash train` makes one.")
    for folder, problem in listing.problems:
        typer.echo(f"{folder}: {problem}", err=True)


def predict(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    top: Annotated[int, typer.Option(min=1, help="Classes to name for each image.")] = 5,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Name the most probable classes of images."""
    entry = all_runs().find(run)
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataNotFoundError(f"There is no image at {path}.") from error
