"""`data split`: by shares, groups, blocks, folds or lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rsdash.cli.output import Format, FormatOption, JsonOption, print_json, print_rows, wants_json
from rsdash.data import Dataset, Split, open_dataset
from rsdash.data.official import known_lists
from rsdash.data.splits import PARTS, SplitRequest
from rsdash.data.splitting import add_official_split, add_splits
from rsdash.errors import ConfigError

_OFFICIAL = ", ".join(f"{public}:{name}" for public, name in known_lists())
_LISTS_ALONE = ("lists", "name")
"""What a request by lists may hold; the lists say the rest."""


def split(
    data: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a data set, or the path of a folder or zip.")
    ],
    validation: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Share for validation; 0.2 if not said.")
    ] = None,
    test: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Share held out; 0.2 if not said.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Decides which images; 0 if not said.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Images of a class at most.")] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Regular expression; names in which it finds the same stay together.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="csv, file names in its first column, that says what stays together.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="The column of --table that does.")] = None,
    block_m: Annotated[
        float | None, typer.Option(help="Side of spatial blocks in metres; images of a block stay together.")
    ] = None,
    gap_m: Annotated[
        float | None, typer.Option(help="Metres left free between blocks of different parts; else one tile.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Number of folds, each held out once, in place of --test.")
    ] = None,
    lists: Annotated[
        list[str] | None,
        typer.Option(
            "--list",
            metavar="PART=FILE",
            help="train=, validation= or test= a list of file names, repeated; or all= a csv with the part "
            "in its last column.",
        ),
    ] = None,
    official: Annotated[
        str | None, typer.Option(metavar="PUBLIC:SPLIT", help=f"Official lists to fetch: {_OFFICIAL}.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; else how it was made.")] = None,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Make a named split that never changes; duplicates that an audit found stay together."""
    asked = {
        "validation_share": validation,
        "test_share": test,
        "split_seed": seed,
        "limit_per_class": limit,
        "pattern": pattern,
        "table": table,
        "column": column,
        "block_m": block_m,
        "gap_m": gap_m,
        "folds": folds,
        "lists": _lists(lists) if lists else None,
        "name": name,
    }
    given = {key: value for key, value in asked.items() if value is not None}
    _check(given, official)
    dataset = open_dataset(data)
    made = _official(dataset, official) if official else add_splits(dataset, SplitRequest(**given))
    _print(dataset, made, as_json=wants_json(format, json))


def _check(given: dict[str, Any], official: str | None) -> None:
    """Refuse what would be ignored.

    Raises:
        ConfigError: options that do not go together.
    """
    if official and given:
        raise ConfigError("--official stands alone: its lists say what is in which part, and their name.")
    if "lists" in given and len(given.keys() - {*_LISTS_ALONE}):
        raise ConfigError("--list goes with --name alone: the lists say what is in which part.")
    for one, other in (("column", "table"), ("table", "column"), ("gap_m", "block_m")):
        if one in given and other not in given:
            raise ConfigError(f"--{one.replace('_', '-')} needs --{other.replace('_', '-')}.")
    if "folds" in given and "test_share" in given:
        raise ConfigError("--folds holds out each image once, so that --test means nothing; leave one out.")


def _lists(texts: Sequence[str]) -> dict[str, Path]:
    lists: dict[str, Path] = {}
    for text in texts:
        part, equals, path = text.partition("=")
        if not equals or not path or part in lists:
            raise ConfigError(f"--list takes part=file, each part once; got {text!r}.")
        lists[part] = Path(path).expanduser()
    if "all" in lists and len(lists) > 1:
        raise ConfigError("--list all=file names every part; leave the other lists out.")
    return lists


def _official(dataset: Dataset, text: str) -> list[Split]:
    public, colon, name = text.partition(":")
    if not colon:
        raise ConfigError(f"--official takes public:split, such as {_OFFICIAL}; got {text!r}.")
    return [add_official_split(dataset, public, name)]


def _print(dataset: Dataset, splits: Sequence[Split], *, as_json: bool) -> None:
    if as_json:
        print_json([_split_json(dataset, one) for one in splits])
        return
    for one in splits:
        counts = one.counts(dataset.manifest.labels, len(dataset.manifest.classes))
        rows = [
            {"class": name, **{part: counts[part][label] for part in PARTS}}
            for label, name in enumerate(dataset.manifest.classes)
        ]
        typer.echo(f"{dataset.name}: split {one.name}")
        print_rows([*rows, {"class": "all", **one.sizes}], columns=("class", *PARTS), empty="")
        typer.echo(_remarks(one))


def _remarks(split: Split) -> str:
    checked = "; ".join(f"{what}: {found}" for what, found in split.checked.items())
    left_out = "".join(f", {count:,} left out ({reason})" for reason, count in split.left_out.items())
    return f"{split.kept_together:,} images kept together{left_out}. Checked: {checked}."


def _split_json(dataset: Dataset, split: Split) -> dict[str, Any]:
    counts = split.counts(dataset.manifest.labels, len(dataset.manifest.classes))
    classes = dataset.manifest.classes
    return {
        "data": dataset.name,
        "name": split.name,
        "sizes": split.sizes,
        "classes": {part: dict(zip(classes, counts[part], strict=True)) for part in PARTS},
        "kept_together": split.kept_together,
        "left_out": split.left_out,
        "checked": split.checked,
        "test_role": split.test_role,
        "fingerprint": split.fingerprint,
    }
