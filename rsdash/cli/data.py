"""`data`: add, list and audit data sets; `split` and `tile` stand in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsdash.cli.added import dataset_json, print_added, print_refused, refusal_json
from rsdash.cli.dividing import split
from rsdash.cli.options import BandsOption, RadiometryOption, asked_radiometry
from rsdash.cli.output import Format, FormatOption, JsonOption, bar, print_json, print_rows, wants_json
from rsdash.cli.tiling import tile
from rsdash.data import PUBLIC_SETS, Dataset, add_dataset, download, list_datasets, open_dataset
from rsdash.data.audit import SYMMETRY_NAMES, Audit, Finding, audit_dataset, findings
from rsdash.data.building import SAMPLE
from rsdash.errors import ConfigError

data = typer.Typer(help="Add, list, audit, split and cut data sets.", no_args_is_help=True)


@data.command()
def add(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PATH|NAME",
            help="Folder or zip with one folder per class; a public set to download "
            f"({', '.join(PUBLIC_SETS)}); or {SAMPLE}, which is drawn. ./{SAMPLE} is a folder of that name.",
        ),
    ],
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    radiometry: RadiometryOption = None,
    bands: BandsOption = None,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the terms of a public set that asks for it.")
    ] = False,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Add a data set; one that is known is scanned again."""
    reading = asked_radiometry(radiometry, bands)
    with bar(f"Adding {what}") as report:
        if what == SAMPLE or what in PUBLIC_SETS:
            if name is not None or reading is not None:
                raise ConfigError(f"{what} has a name and a radiometry; leave --name and --radiometry out.")
            known = what == SAMPLE
            dataset = open_dataset(what, report) if known else download(what, report, accepted=accept_terms)
        else:
            dataset = add_dataset(Path(what), name, report, reading)
    print_added(dataset, as_json=wants_json(format, json))


@data.command("list")
def list_all(format: FormatOption = Format.TEXT, json: JsonOption = False) -> None:
    """List the data sets that were added, by name."""
    rows = [dataset_json(info) for info in list_datasets()]
    if wants_json(format, json):
        print_json(rows)
        return
    columns = ("name", "kind", "images", "classes", "refused", "radiometry", "added_at")
    shown = [{**row, "classes": len(row["classes"])} for row in rows]
    print_rows(shown, columns=columns, empty="No data sets yet. `python -m rsdash data add` adds one.")


@data.command()
def audit(
    name: Annotated[str, typer.Argument(help="Name of a data set, or the path of a folder or zip.")],
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Find what is wrong with a data set: duplicates, wrong labels, unreadable and odd files."""
    dataset = open_dataset(name)
    with bar(f"Auditing {dataset.name}") as report:
        found = audit_dataset(dataset, report)
    listed = findings(found, dataset.manifest.labels)
    if wants_json(format, json):
        print_json(_audit_json(dataset, found, listed))
        return
    typer.echo(f"{dataset.name}: {found.image_count} images, audited {found.made_at[:10]}")
    if not listed:
        typer.echo("Nothing wrong was found.")
    for finding in listed:
        typer.echo(f"{finding.count:>7,} {finding.title}. {finding.why}")
    print_refused(found.refused)
    if any(finding.pairs or finding.rows for finding in listed):
        typer.echo("--json names every file; the Data page shows them and excludes them.")


data.command()(split)
data.command()(tile)


def _audit_json(dataset: Dataset, audit: Audit, listed: list[Finding]) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "images": audit.image_count,
        "made_at": audit.made_at,
        "fingerprint": audit.fingerprint,
        "findings": [_finding_json(dataset, finding) for finding in listed],
        "refused_files": [refusal_json(one) for one in audit.refused],
        "pixels": audit.modes,
        "classes": audit.counts,
    }


def _finding_json(dataset: Dataset, finding: Finding) -> dict[str, Any]:
    names = dataset.manifest.names
    pairs = [
        {
            "first": names[pair.first],
            "second": names[pair.second],
            "second_is": SYMMETRY_NAMES[pair.symmetry],
            "difference": pair.difference,
            "same_bytes": pair.same_bytes,
        }
        for pair in finding.pairs
    ]
    facts = {"kind": finding.kind.value, "count": finding.count, "title": finding.title, "why": finding.why}
    return {**facts, "pairs": pairs, "files": [names[row] for row in finding.rows]}
