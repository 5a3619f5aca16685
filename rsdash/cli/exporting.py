"""`export` and `import`: a run in the formats of other programs, and an exported model as a run."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdash.cli.options import RunArgument
from rsdash.cli.output import followed, print_lines
from rsdash.cli.reading import all_runs
from rsdash.exports.stages import ExportResult, ImportResult
from rsdash.home import runs_dir
from rsdash.runs.index import RunEntry


class ExportFormat(StrEnum):
    """What a run can be exported to."""

    TENSORBOARD = "tensorboard"
    SAFETENSORS = "safetensors"
    ONNX = "onnx"
    BUNDLE = "bundle"


FORMATS = (
    "tensorboard: curves and settings. safetensors: the weights. onnx: the network for other programs, held "
    "against the original. bundle: a zip of both that `import` takes. These three with a model card."
)
LinesOption = Annotated[bool, typer.Option("--lines", help="Print progress and result as lines of JSON.")]


def export(
    run: RunArgument,
    format: Annotated[ExportFormat, typer.Option("--format", help=FORMATS)],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write: a folder, of a bundle the zip. Otherwise tensorboard/, or the run's id and "
            "the format in this folder."
        ),
    ] = None,
    lines: LinesOption = False,
) -> None:
    """Write a run for another program or another machine."""
    entry = all_runs().find(run)
    if format is ExportFormat.TENSORBOARD:
        _curves(entry, out or Path("tensorboard"))
        return
    from rsdash.exports.package import require_exportable  # brings scipy

    require_exportable(entry)
    from rsdash.inference.exporting import export_run  # imports torch

    place = out or Path(f"{entry.id}.zip" if format is ExportFormat.BUNDLE else f"{entry.id}-{format}")
    if format is ExportFormat.BUNDLE and place.is_dir():
        place = place / f"{entry.id}.zip"
    items: Iterator[Any] = export_run(entry, format.value, place)
    if lines:
        print_lines(items, ExportResult)
    else:
        _tell_export(followed(items, ExportResult, f"Exporting {entry.name}"))


def import_bundle(
    bundle: Annotated[Path, typer.Argument(help="Zip that `export --format bundle` wrote.")],
    name: Annotated[str, typer.Option(help="What to call the run; otherwise as it was called.")] = "",
    lines: LinesOption = False,
) -> None:
    """Make a run of a model that was exported elsewhere."""
    from rsdash.exports.package import check_package  # brings scipy

    check_package(bundle)
    listing = all_runs()
    from rsdash.inference.importing import import_model  # imports torch

    taken = [entry.name for entry in listing.entries]
    items = import_model(bundle, runs_dir=runs_dir(), name=name, taken_names=taken)
    if lines:
        print_lines(items, ImportResult)
        return
    found = followed(items, ImportResult, f"Importing {bundle.name}")
    typer.echo(f"{bundle.name} is now the run {found.name} ({found.run_id}).")
    for caution in found.cautions:
        typer.echo(caution)


def _curves(entry: RunEntry, out: Path) -> None:
    from rsdash.exports.tensorboard import write_tensorboard  # half a second to import

    path = write_tensorboard(entry, out)
    typer.echo(f"Written to {path}. `tensorboard --logdir {out}` shows it.")


def _tell_export(found: ExportResult) -> None:
    folder = Path(found.path).parent if found.format == "bundle" else Path(found.path)
    for file in found.files:
        typer.echo(f"{folder / file.name}  {file.bytes / 1e6:,.2f} MB")
    if found.largest_difference is not None:
        typer.echo(
            f"Largest difference of a logit, ONNX against the network: {found.largest_difference:.1e}."
        )
