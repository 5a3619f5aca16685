"""The same jobs without a browser: `python -m rsdash COMMAND`; `--help` names the commands.

Exit codes: 0 done (a run finished or was stopped), 1 a run failed, was cancelled or interrupted, or another
long action broke off, 2 refused before anything started, 130 detached from a run that goes on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.asking import about, cancel, change, move, pause, resume, stop
from rsdash.cli.comparing import compare, verify
from rsdash.cli.data import data
from rsdash.cli.evaluating import evaluate
from rsdash.cli.exporting import export, import_bundle
from rsdash.cli.mapping import map_
from rsdash.cli.output import work
from rsdash.cli.predicting import predict
from rsdash.cli.rates import find_rate
from rsdash.cli.reading import runs
from rsdash.cli.train import train
from rsdash.errors import RsdashError
from rsdash.home import RUNS_VARIABLE, check_limits
from rsdash.processors import wait_shortly

EXIT_BROKEN_OFF, EXIT_REFUSED = 1, 2

app = typer.Typer(
    help="Train, compare and use image classifiers for remote-sensing scenes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(train)
app.command("find-rate")(find_rate)
for command in (pause, stop, cancel, resume, change, move, about):
    app.command()(command)
app.command()(runs)
app.command()(compare)
app.command()(verify)
app.command()(predict)
app.command("map")(map_)
app.command()(evaluate)
app.command()(export)
app.command("import")(import_bundle)
app.add_typer(data, name="data")


@app.callback()
def choose_places(
    runs_dir: Annotated[
        Path | None, typer.Option(help="Folder of runs; otherwise RSDASH_RUNS, or checkpoints/.")
    ] = None,
) -> None:
    """Set what holds for every command."""
    check_limits()
    if runs_dir is not None:
        os.environ[RUNS_VARIABLE] = str(runs_dir.absolute())


@app.command()
def worker(folder: Annotated[Path, typer.Argument(help="Folder of one run.")]) -> None:
    """Train the run in a folder, as the job runner does."""
    from rsdash.training.worker import main as train_folder  # imports torch later, once it holds the lock

    raise typer.Exit(train_folder(folder))


@app.command()
def serve() -> None:
    """Run the inference service until nobody has asked for a while."""
    from rsdash.inference.serving import serve as answer_requests  # imports torch

    answer_requests()


def main() -> None:
    """Run a command; an error ends with one sentence: exit code 2, or 1 where work had begun."""
    wait_shortly()  # before a command imports torch
    work.begun = False
    try:
        app()
    except RsdashError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_BROKEN_OFF if work.begun else EXIT_REFUSED)
