"""How the reading commands print: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from rsdash.errors import RunError

PIPED_COLUMNS = 240
"""Room for a row that no terminal shows: in a file or another program's hands it should stay whole."""


Result = TypeVar("Result", bound=BaseModel)


@dataclass
class Work:
    """What the command of this process has done so far.

    Attributes:
        begun: whether a long action got something done, so that an error now is no refusal.
    """

    begun: bool = False


work = Work()


class Format(StrEnum):
    """What a reading command prints."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]


def wants_json(format: StrEnum, json: bool) -> bool:
    """Whether a program asked, by `--format json` or its short form."""
    return json or format == Format.JSON.value


def print_rows(rows: Sequence[dict[str, Any]], *, columns: Sequence[str], empty: str) -> None:
    """Print rows as an aligned table, or a sentence where there are none."""
    console = Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS)
    if not rows:
        console.print(empty, markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        numeric = isinstance(rows[0].get(column), int | float)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(table, markup=False)


def print_json(content: Any) -> None:
    """Print JSON and nothing else."""
    typer.echo(json.dumps(content, indent=1))


@contextmanager
def bar(title: str) -> Iterator[Callable[..., None]]:
    """A bar on the terminal, beside what a command prints; nothing where errors go to a file.

    Args:
        title: what is under way, in words.

    Yields:
        What takes reports of progress: done, total, and in words what is done where they do not say it.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task(escape(title), total=None)

        def report(done: int, total: int, words: str = "", /) -> None:
            description = escape(f"{title}: {words}" if words else title)
            progress.update(task, completed=done, total=total or None, description=description)

        yield report


def followed(items: Iterable[Any], kind: type[Result], title: str) -> Result:
    """Follow a long action to its result, with a bar.

    Args:
        items: how far it is (`done`, `total`, perhaps `words`), and at the end the result.
        kind: of the result.
        title: what is under way, in words.

    Raises:
        RunError: it ended without a result.
    """
    with bar(title) as report:
        for item in items:
            if isinstance(item, kind):
                return item
            work.begun = work.begun or item.done > 0
            report(item.done, item.total, getattr(item, "words", ""))
    raise RunError(f"{title}: it broke off without a result.")


def print_lines(items: Iterable[BaseModel], kind: type[BaseModel]) -> None:
    """Print how far a long action is, and its result, as lines of JSON for the program that asked.

    Args:
        items: as `followed` takes them.
        kind: of the result.
    """
    for item in items:
        content = item.model_dump()
        print(json.dumps({"result": content} if isinstance(item, kind) else content), flush=True)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
