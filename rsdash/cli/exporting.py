"""`export`: a run in the format of another program."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.options import RunArgument
from rsdash.home import examples_dir, runs_dir
from rsdash.runs.index import RunIndex


class ExportFormat(StrEnum):
    """What a run can be exported to."""

    TENSORBOARD = "tensorboard"


def export(
    run: RunArgument,
    format: Annotated[ExportFormat, typer.Option("--format", help="tensorboard: curves and settings.")],
    out: Annotated[Path, typer.Option(help="Folder for the files, with a folder a run in it.")] = Path(
        "tensorboard"
    ),
) -> None:
    """Write a run's curves and settings for another program."""
    entry = RunIndex(runs_dir(), examples_dir()).refresh().find(run)
    from rsdash.exports.tensorboard import write_tensorboard  # half a second to import

    path = write_tensorboard(entry, out)
    typer.echo(f"Written to {path}. `tensorboard --logdir {out}` shows it.")
