"""A run as a comparison sees it: its settings, the images behind its figures, and the figures."""

from __future__ import annotations

from rsdash.errors import RunError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import headline
from rsdash.evaluation.saved import read_evaluation
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED


def contender_for(entry: RunEntry) -> Contender:
    """Read what a comparison needs of a run; one that is not evaluated, or damaged, says why."""
    figures, problem = None, ""
    if entry.state.state in EVALUATED:
        try:
            figures = headline(read_evaluation(entry.folder.evaluation_path))
        except RunError as error:
            problem = str(error)
    else:
        problem = f"{entry.name} is {entry.state.state.lower()} and has no final figures."
    data = entry.request.data
    return Contender(
        id=entry.id,
        name=entry.name,
        config=entry.config,
        images=(data.fingerprint, data.split),
        figures=figures,
        problem=problem,
    )
