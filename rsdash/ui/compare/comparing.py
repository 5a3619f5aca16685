"""What is compared on the page: read and judged once for all reruns until a run or its figures change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.verdict import Verdict, judge
from rsdash.report.facts import Compared
from rsdash.runs.index import RunEntry
from rsdash.ui.server import server

VERDICTS_KEPT = 16


def compare_runs(entries: Sequence[RunEntry], measured_on: str) -> Compared:
    """The runs with their figures on these images, and the verdict on them."""
    contenders = tuple(server().contender(entry, measured_on) for entry in entries)
    return Compared(entries, contenders, _judged(contenders), measured_on)


@lru_cache(maxsize=VERDICTS_KEPT)
def _judged(contenders: tuple[Contender, ...]) -> Verdict:
    """Told apart by the contenders themselves, which the server keeps while nothing about them changes."""
    return judge(contenders)
