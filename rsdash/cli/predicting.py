"""`predict`: ask a trained model about images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import JsonOption, bar, wants_json
from rsdash.cli.reading import all_runs
from rsdash.errors import ImageError, RsdashError, RunError
from rsdash.inference.results import PredictedPart, Prediction
from rsdash.inference.tables import csv_lines, json_text


class Answers(StrEnum):
    """What `predict` prints."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


def predict(
    run: RunArgument,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images, folders or zips.")],
    top: Annotated[int, typer.Option(min=1, help="Classes to name for each image.")] = 5,
    symmetries: Annotated[
        bool, typer.Option("--symmetries", help="Average over the 8 symmetries of each image; slower.")
    ] = False,
    format: Annotated[Answers, typer.Option("--format", help="text, csv or json.")] = Answers.TEXT,
    json: JsonOption = False,
) -> None:
    """Name the most probable classes of images, and how sure the model is.

    What cannot be read is named with its reason, and the rest goes on.
    """
    entry = all_runs().find(run)
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to predict.")
    top = min(top, len(entry.request.data.classes))
    found = _telling(predicted(entry.folder.weights_path, paths, top=top, symmetries=symmetries))
    if wants_json(format, json):
        typer.echo(json_text(found))
    elif format is Answers.CSV:
        for line in csv_lines(found, top=top):
            typer.echo(line, nl=False)
    else:
        for prediction in found:
            typer.echo(_sentence(prediction))


def predicted(
    weights_path: Path, paths: Sequence[Path], *, top: int, symmetries: bool
) -> Iterator[Prediction]:
    """Predictions of all images at these paths; a path that cannot be opened is one with an error.

    Files are called by the path and, below a folder or in a zip, their name there.

    Raises:
        ModelError: there are no weights, or they are damaged.
    """
    from rsdash.inference.many import predict_place  # imports torch
    from rsdash.inference.predictor import Predictor

    predictor = Predictor(weights_path)
    for path in paths:
        single = path.is_file() and path.suffix.lower() != ".zip"
        try:
            with bar(str(path)) as report:
                for part in predict_place(predictor, path, top=top, symmetries=symmetries):
                    if isinstance(part, PredictedPart):
                        report(part.done, part.total)
                        for one in part.found:
                            yield one.model_copy(
                                update={"file": str(path) if single else f"{path}/{one.file}"}
                            )
        except RsdashError as error:
            yield Prediction(file=str(path), error=str(error))


def _telling(predictions: Iterator[Prediction]) -> Iterator[Prediction]:
    """The same, looked into up to the first that is no error.

    Raises:
        ImageError: all of them are.
    """
    refused = []
    for prediction in predictions:
        if not prediction.error:
            return chain(refused, [prediction], predictions)
        refused.append(prediction)
    raise ImageError("\n".join(prediction.error for prediction in refused))


def _sentence(prediction: Prediction) -> str:
    if prediction.error:
        return f"{prediction.file}: {prediction.error}"
    pairs = zip(prediction.classes, prediction.confidences, strict=True)
    answer = ", ".join(f"{name} {share:.1%}" for name, share in pairs)
    return f"{prediction.file}: {answer}" + (
        "  (unlike the training images)" if prediction.unfamiliar else ""
    )
