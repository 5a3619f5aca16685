"""`compare` and `verify`: runs side by side, as text, tables, a report or a bundle; and a bundle checked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.output import JsonOption, print_json, print_rows
from rsdash.cli.reading import all_runs
from rsdash.errors import ConfigError, RunNotFoundError, storage_errors
from rsdash.evaluation.comparison import STUDY_TABLE_2, best_of
from rsdash.evaluation.wording import figure_text
from rsdash.report.facts import Compared, comparison_facts, gather
from rsdash.runs.folder import OWN_IMAGES
from rsdash.runs.index import RunEntry

RunArguments = Annotated[list[str] | None, typer.Argument(help="Ids or unique names of runs.")]
DIFFERENCES_SHOWN = 20
EXIT_DIFFERENT = 1


class Output(StrEnum):
    """What `compare` makes."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"
    BUNDLE = "bundle"


def compare(
    names: RunArguments = None,
    tag: Annotated[str, typer.Option(help="All runs that carry this tag, examples too.")] = "",
    format: Annotated[
        Output,
        typer.Option(
            "--format",
            help="text for people, json or csv for programs, markdown or latex tables, html for a report "
            "that opens without a network, bundle for a zip that `verify` derives again.",
        ),
    ] = Output.TEXT,
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.")] = None,
    on: Annotated[
        str, typer.Option(help="Compare on what `evaluate` measured: DATA-SPLIT, or DATA-all-images.")
    ] = OWN_IMAGES,
    json: JsonOption = False,
) -> None:
    """Put runs side by side: a verdict, figures with 95 % intervals, and the settings that differ."""
    compared = gather(_chosen(names or (), tag), on)
    if json:
        format = Output.JSON
    if format is Output.BUNDLE and out is None:
        raise ConfigError("A bundle is a zip file; name it with --out FILE.")
    if out is None and format is Output.TEXT:
        _print(compared)
    elif out is None and format is Output.JSON:
        print_json(comparison_facts(compared))
    elif out is None:
        sys.stdout.write(_content(compared, format).decode())
    else:
        with storage_errors(out):
            out.write_bytes(_content(compared, format))
        typer.echo(f"Wrote {out}.")


def verify(bundle: Annotated[Path, typer.Argument(help="Zip that `compare --format bundle` made.")]) -> None:
    """Derive every number of a bundle again from the answers in it: same (exit code 0) or different (1)."""
    from rsdash.report.bundle import derive_again  # brings the charts

    result = derive_again(bundle)
    if result.same:
        typer.echo(f"same: all {result.values:,} values of {', '.join(result.runs)} came out as stored")
        return
    typer.echo(f"different: {len(result.differences):,} of {result.values:,} values")
    for one in result.differences[:DIFFERENCES_SHOWN]:
        typer.echo(f"{one.place}: stored {one.stored}, derived {one.derived}")
    raise typer.Exit(EXIT_DIFFERENT)


def _chosen(names: Sequence[str], tag: str) -> list[RunEntry]:
    """The runs that are named, then those that carry the tag; each once."""
    listing = all_runs()
    tagged = [entry for entry in listing.entries if tag and tag in entry.about.tags]
    if tag and not tagged:
        raise RunNotFoundError(f"No run carries the tag {tag!r}.")
    chosen = {entry.id: entry for entry in (*map(listing.find, names), *reversed(tagged))}
    if not chosen:
        raise ConfigError("Name the runs to compare, or a tag with --tag TAG.")
    return list(chosen.values())


def _content(compared: Compared, format: Output) -> bytes:
    from rsdash.report.bundle import bundle  # brings the charts
    from rsdash.report.page import report_page
    from rsdash.report.tables import as_csv, as_latex, as_markdown, figure_table

    if format is Output.BUNDLE:
        return bundle(compared)
    if format is Output.HTML:
        return report_page(compared).encode()
    if format is Output.CSV:
        return as_csv(compared.contenders).encode()
    if format in (Output.MARKDOWN, Output.LATEX):
        write = as_markdown if format is Output.MARKDOWN else as_latex
        return write(figure_table(compared.contenders)).encode()
    raise ConfigError(f"--out goes with csv, markdown, latex, html and bundle; --format is {format.value}.")


def _print(compared: Compared) -> None:
    verdict = compared.verdict
    rows = []
    for one in compared.contenders:
        figures = one.figures
        row = {"name": one.name, "model": one.config.model, "accuracy": None, "loss": None, "role": None}
        if figures:
            accuracy = figure_text(figures.accuracy, figures.accuracy_half_width)
            row |= {
                "accuracy": accuracy,
                "loss": figures.loss,
                "role": figures.role,
                "images": figures.images,
            }
        rows.append(row)
    print_rows(rows, columns=("name", "model", "accuracy", "loss", "role", "images"), empty="")
    for row in STUDY_TABLE_2:
        typer.echo(f"for reference: {row.model} {row.accuracy:.4f}, loss {row.loss:.4f} ({row.source})")
    for problem in (one.problem for one in compared.contenders if one.problem):
        typer.echo(problem)
    typer.echo(f"\n{verdict.headline}")
    best = best_of(compared.contenders)
    if best:
        typer.echo(f"Highest accuracy: {best.name}")
    for note in verdict.notes:
        typer.echo(note)
    _print_recipes(compared)
    names = {one.id: one.name for one in compared.contenders}
    for setting, values in comparison_facts(compared)["differing"].items():
        typer.echo(f"{setting}: " + ", ".join(f"{names[run]} {value}" for run, value in values.items()))


def _print_recipes(compared: Compared) -> None:
    for recipe in compared.verdict.recipes:
        summary = recipe.summary
        if summary.count > 1 and summary.interval:
            mean = figure_text(summary.mean, summary.interval.half_width)
            typer.echo(f"{recipe.label}: {mean} over {summary.count} {recipe.unit}, SD {summary.sd:.4f}")
