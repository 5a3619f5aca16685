"""What the commands that bring or list a data set print about it."""

from __future__ import annotations

from typing import Any

import typer

from rsdash.cli.output import print_json
from rsdash.data import Dataset, DatasetInfo, Refusal

REFUSALS_SHOWN = 10


def print_added(dataset: Dataset, *, as_json: bool) -> None:
    """Say what was added, and which of its files are not used."""
    refused = dataset.manifest.refused
    if as_json:
        print_json({**dataset_json(dataset.info), "refused_files": [refusal_json(one) for one in refused]})
        return
    info = dataset.info
    typer.echo(f"Added {info.name}: {info.image_count:,} images of {len(info.classes)} classes.")
    print_refused(refused)


def print_refused(refused: tuple[Refusal, ...]) -> None:
    """Name the first files that are not used, with the reason."""
    for refusal in refused[:REFUSALS_SHOWN]:
        typer.echo(f"not used: {refusal.reason}")
    if len(refused) > REFUSALS_SHOWN:
        typer.echo(f"not used: {len(refused) - REFUSALS_SHOWN:,} more files, which --json names")


def dataset_json(info: DatasetInfo) -> dict[str, Any]:
    """What is stored about a data set, in plain values."""
    return {
        "name": info.name,
        "kind": info.kind,
        "path": info.path,
        "origin": info.origin,
        "added_at": info.added_at,
        "images": info.image_count,
        "classes": info.counts,
        "refused": info.refused,
        "radiometry": info.radiometry.name,
        "reads": info.radiometry.describe(),
        "fingerprint": info.fingerprint,
        "synthetic": info.synthetic,
        "licence": info.licence,
        "citation": info.citation,
    }


def refusal_json(refusal: Refusal) -> dict[str, str]:
    """A file that is not used."""
    return {"file": refusal.name, "reason": refusal.reason}
