"""What a person asks of a split, and the splits that this makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rsdash.data.manifest import Manifest
from rsdash.data.splits.blocks import block_grouping
from rsdash.data.splits.given import list_split
from rsdash.data.splits.grouping import Grouping, column_grouping, combine, pattern_grouping
from rsdash.data.splits.making import make_folds, make_split, name_suffix
from rsdash.data.splits.split import Split
from rsdash.errors import DataError


@dataclass(frozen=True)
class SplitRequest:
    """How a data set is to be split.

    Attributes:
        validation_share: share of the images for validation.
        test_share: share of the images held out; not used with folds.
        split_seed: decides which images.
        limit_per_class: images of a class at most.
        pattern: regular expression over file names; what it finds stays together.
        table: csv that says what belongs together, and
        column: its column that does.
        block_m: side of spatial blocks, metres.
        gap_m: metres left free between blocks of different parts; None for one tile.
        folds: number of folds instead of shares; 0 for none.
        lists: official lists instead of shares: part → file, or `all` → table.
        name: what to call the split; folds are numbered.
    """

    validation_share: float = 0.2
    test_share: float = 0.2
    split_seed: int = 0
    limit_per_class: int | None = None
    pattern: str = ""
    table: Path | None = None
    column: str = ""
    block_m: float | None = None
    gap_m: float | None = None
    folds: int = 0
    lists: dict[str, Path] = field(default_factory=dict)
    name: str = ""


def make_splits(
    request: SplitRequest, manifest: Manifest, *, twins: Grouping | None, excluded: tuple[str, ...]
) -> list[Split]:
    """The split that is asked for, or the splits of all folds.

    Args:
        request: what is asked.
        manifest: the images.
        twins: duplicates as an audit found them; None where there was none.
        excluded: names of images that take no part.

    Raises:
        DataError: what is asked does not fit the data set.
    """
    if request.lists:
        name = _checked_name(request.name) or f"official{name_suffix(None, None, excluded)}"
        return [list_split(manifest, request.lists, name=name, excluded=excluded)]
    if request.validation_share + request.test_share >= 1:
        raise DataError("Nothing is left to train on; the shares for validation and test must stay below 1.")
    grouping = _grouping(request, manifest, twins)
    if request.folds:
        return make_folds(
            manifest,
            request.folds,
            split_seed=request.split_seed,
            validation_share=request.validation_share,
            limit_per_class=request.limit_per_class,
            grouping=grouping,
            excluded=excluded,
            name=_checked_name(request.name) if request.name else None,
        )
    split = make_split(
        manifest,
        validation_share=request.validation_share,
        test_share=request.test_share,
        split_seed=request.split_seed,
        limit_per_class=request.limit_per_class,
        grouping=grouping,
        excluded=excluded,
        name=_checked_name(request.name) if request.name else None,
    )
    return [split]


def _grouping(request: SplitRequest, manifest: Manifest, twins: Grouping | None) -> Grouping | None:
    found = [twins] if twins else []
    if request.pattern:
        found.append(pattern_grouping(manifest.names, request.pattern))
    if request.table:
        found.append(column_grouping(manifest.names, request.table, request.column))
    if request.block_m is not None:
        found.append(block_grouping(manifest, request.block_m, request.gap_m))
    return combine(*found) if found else None


def _checked_name(name: str) -> str:
    allowed = all(letter.isalnum() or letter in "-_" for letter in name)
    if not allowed or not name.isascii() or len(name) > 80:
        raise DataError(f"{name!r} cannot name a split; use up to 80 letters, digits, - and _.")
    return name
