"""Which images belong together and must stand on the same side of a split."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rsdash.data.splits.names import rows_of
from rsdash.errors import DataError


@dataclass(frozen=True, eq=False)
class Grouping:
    """A group for each row of a manifest.

    Attributes:
        ids: int64 (N,); rows of the same number stay together.
        suffix: what it adds to a split's name.
        checked: what it says in `Split.checked`.
        buffer_m: metres between the edges of tiles of different parts; 0 for none.
    """

    ids: np.ndarray
    suffix: str
    checked: dict[str, str] = field(default_factory=dict)
    buffer_m: float = 0.0


def twin_grouping(ids: np.ndarray, audit: str) -> Grouping:
    """Exact and near-duplicates together, as an audit found them.

    Args:
        ids: int64 (N,), the audit's groups.
        audit: which audit that was, in words.
    """
    _, counts = np.unique(ids, return_counts=True)
    together = counts[counts > 1]
    found = f"kept together: {len(together):,} groups of {together.sum():,} images ({audit})"
    _, numbered = np.unique(ids, return_inverse=True)
    return Grouping(ids, f"twins-{short_digest([str(number) for number in numbered])}", {"duplicates": found})


def pattern_grouping(names: Sequence[str], pattern: str) -> Grouping:
    r"""Images whose names share what a regular expression finds.

    Args:
        names: of the manifest.
        pattern: searched in each name; its first group counts, or all it matches, such as
            `scene(\d+)_`. An image whose name does not match is on its own.

    Raises:
        DataError: not a regular expression, or one that fits no name.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{pattern} is not a regular expression ({error}).") from error
    found = [compiled.search(name) for name in names]
    if not any(found):
        raise DataError(f"The pattern {pattern} fits no file name; the first one is {names[0]}.")
    values = [match[1 if compiled.groups else 0] if match else None for match in found]
    alone = sum(value is None for value in values)
    note = f"; {alone:,} images fit no group" if alone else ""
    ids = _ids(values)
    text = f"kept together by file name, pattern {pattern}: {len(set(ids.tolist())) - alone:,} groups{note}"
    return Grouping(ids, f"by-{short_digest([pattern])}", {"groups": text})


def column_grouping(names: Sequence[str], table: Path, column: str) -> Grouping:
    """Images that share a value in a column of a table.

    Args:
        names: of the manifest.
        table: csv with a header; its first column names the file (path, file name or stem).
        column: name of the column, such as `scene`.

    Raises:
        DataError: the table cannot be read, has no such column, or names none of the files.
    """
    header, lines = read_table(table)
    if column not in header[1:]:
        raise DataError(
            f"{table.name} has no column {column!r}; it has {', '.join(header[1:]) or 'only one'}."
        )
    position = header.index(column)
    rows = rows_of([line[0] for line in lines], names)
    values: list[str | None] = [None] * len(names)
    for row, line in zip(rows.tolist(), lines, strict=True):
        if row >= 0 and line[position].strip():
            values[row] = line[position].strip()
    alone = sum(value is None for value in values)
    if alone == len(names):
        raise DataError(f"{table.name} names none of the images, such as {names[0]}, in its first column.")
    note = f"; {alone:,} images have no value" if alone else ""
    ids = _ids(values)
    text = f"kept together by {column} of {table.name}: {len(set(ids.tolist())) - alone:,} groups{note}"
    return Grouping(ids, f"by-{short_digest([column, *values])}", {"groups": text})


def combine(*groupings: Grouping) -> Grouping:
    """Rows that any of the groupings holds together stay together; at least one grouping is given."""
    from scipy.sparse import coo_array  # 0.2 s to import, which only a grouped split should cost
    from scipy.sparse.csgraph import connected_components

    if len(groupings) == 1:
        return groupings[0]
    count = len(groupings[0].ids)
    edges_from, edges_to, offset = [], [], count
    for grouping in groupings:  # one node a row, one node a group
        _, local = np.unique(grouping.ids, return_inverse=True)
        edges_from.append(np.arange(count))
        edges_to.append(local + offset)
        offset += int(local.max(initial=-1)) + 1
    heads, tails = np.concatenate(edges_from), np.concatenate(edges_to)
    graph = coo_array((np.ones(len(heads), dtype=bool), (heads, tails)), shape=(offset, offset))
    _, found = connected_components(graph, directed=False)
    checked = {key: text for grouping in groupings for key, text in grouping.checked.items()}
    return Grouping(
        found[:count].astype(np.int64),
        "-".join(grouping.suffix for grouping in groupings),
        checked,
        max(grouping.buffer_m for grouping in groupings),
    )


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and lines of a csv; commas, semicolons or tabs.

    Raises:
        DataError: it cannot be read, is empty, or has ragged lines.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The table {path} cannot be read ({error}).") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise DataError(f"The table {path.name} needs a header and at least one line.")
    delimiter = max(",;\t", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    ragged = next((number for number, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if ragged:
        raise DataError(f"Line {ragged} of {path.name} does not have the {len(rows[0])} cells of its header.")
    return rows[0], rows[1:]


def short_digest(values: Sequence[str | None]) -> str:
    """Six hex digits that tell one list of texts from another in a split's name."""
    text = "\0".join(str(value) for value in values)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


def _ids(values: Sequence[str | None]) -> np.ndarray:
    """A number for each value; every None gets its own."""
    numbers: dict[str, int] = {}
    ids = [
        len(values) + row if value is None else numbers.setdefault(value, len(numbers))
        for row, value in enumerate(values)
    ]
    return np.array(ids, dtype=np.int64)
