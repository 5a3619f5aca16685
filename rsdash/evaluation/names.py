"""What chosen runs are called in tables, legends and alternative texts: two of one name are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol


class Named(Protocol):
    """A run, as the list of runs or as a comparison sees it."""

    @property
    def id(self) -> str:
        """Of its folder."""
        ...

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...


def names_apart(runs: Iterable[Named]) -> dict[str, str]:
    """Run id → its name, with the id where another of these runs has the same."""
    names = {run.id: run.name for run in runs}
    count = Counter(names.values())
    return {run_id: name if count[name] == 1 else f"{name} ({run_id})" for run_id, name in names.items()}
