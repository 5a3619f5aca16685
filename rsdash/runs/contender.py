"""A run as a comparison sees it: its settings, the images behind its figures, and the figures."""

from __future__ import annotations

from dataclasses import replace

from rsdash.errors import RunError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import Evaluation, read_evaluation
from rsdash.runs.index import RunEntry
from rsdash.runs.parts import Parts
from rsdash.runs.states import EVALUATED


def contender_for(entry: RunEntry) -> Contender:
    """Read what a comparison needs of a run; one that is not evaluated, or damaged, says why."""
    data = entry.request.data
    contender = Contender(
        id=entry.id,
        name=entry.name,
        config=entry.config,
        data=data.name,
        fingerprint=data.fingerprint,
        split=data.split,
    )
    if entry.state.state not in EVALUATED:
        state = entry.state.state.lower()
        return replace(contender, problem=f"{entry.name} is {state} and has no final figures.")
    try:
        part = headline_part(entry)
    except RunError as error:
        return replace(contender, problem=str(error))
    return replace(contender, part=part, figures=figures_for(part))


def headline_part(entry: RunEntry) -> Evaluation:
    """A run's answers on its most trustworthy images, with their groups.

    Raises:
        RunError: evaluation.npz or split.json is missing or damaged.
    """
    evaluation = read_evaluation(entry.folder.evaluation_path)
    groups = Parts.read(entry.folder.split_path).groups_of(evaluation.rows)
    return replace(evaluation, groups=groups).part(evaluation.headline_role)
