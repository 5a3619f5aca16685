"""One recipe under two splits of a data set: how much a random split flatters."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from rsdash.config import RunConfig
from rsdash.errors import ConfigError
from rsdash.jobs.submit import Order, submit_all
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED

TAG = "two-splits-"


@dataclass(frozen=True)
class SplitPair:
    """Two runs that differ in their split alone.

    Attributes:
        first: the run on the split that was named first, such as a random one.
        second: the run on the other, such as one by spatial blocks.
    """

    first: RunEntry
    second: RunEntry

    @property
    def drop(self) -> float | None:
        """Accuracy of the first less that of the second; None until both have one that is final."""
        first, second = (_final_accuracy(entry) for entry in (self.first, self.second))
        return None if first is None or second is None else first - second


def submit_pair(
    config: RunConfig, splits: tuple[str, str], *, runs_dir: Path, taken_names: Collection[str]
) -> list[RunFolder]:
    """Queue the same settings on two stored splits.

    Raises:
        RsdashError: one sentence says what does not fit; nothing was queued.
    """
    if splits[0] == splits[1]:
        raise ConfigError(f"Both splits are {splits[0]!r}; choose two that differ.")
    tag = f"{TAG}{secrets.token_hex(3)}"
    orders = [
        Order(config.model_copy(update={"split": split}), tags=(f"{tag}-{position}",))
        for position, split in enumerate(splits, start=1)
    ]
    return submit_all(orders, runs_dir=runs_dir, taken_names=taken_names)


def split_pairs(entries: Iterable[RunEntry], data: str) -> list[SplitPair]:
    """The pairs on a data set, newest first; one whose other run was deleted is left out."""
    found: dict[str, dict[str, RunEntry]] = {}
    for entry in entries:
        for tag in entry.about.tags:
            if tag.startswith(TAG) and entry.request.data.name == data:
                pair, _, position = tag.rpartition("-")
                found.setdefault(pair, {})[position] = entry
    return [SplitPair(pair["1"], pair["2"]) for pair in found.values() if len(pair) == 2]


def _final_accuracy(entry: RunEntry) -> float | None:
    return entry.state.summary.accuracy if entry.state.state in EVALUATED else None
