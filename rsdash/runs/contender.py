"""A run as a comparison sees it: its settings, the images behind its figures, and the figures."""

from __future__ import annotations

from dataclasses import replace

from rsdash.errors import RunError
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import Evaluation, read_evaluation
from rsdash.runs.folder import OWN_IMAGES
from rsdash.runs.further import read_subject
from rsdash.runs.index import RunEntry
from rsdash.runs.parts import Parts
from rsdash.runs.states import EVALUATED


def contender_for(entry: RunEntry, measured_on: str = OWN_IMAGES) -> Contender:
    """Read what a comparison needs of a run; one that is not evaluated, or damaged, says why.

    Args:
        entry: the run.
        measured_on: which of its evaluations counts, by its label in `RunFolder.evaluation_paths`.
    """
    data = entry.request.data
    contender = Contender(
        id=entry.id,
        name=entry.name,
        config=entry.config,
        data=data.name,
        fingerprint=data.fingerprint,
        split=data.split,
        trained_on=data.counts.get("train", 0),
    )
    if entry.state.state not in EVALUATED:
        state = entry.state.state.lower()
        return replace(contender, problem=f"{entry.name} is {state} and has no final figures.")
    try:
        evaluation = whole_evaluation(entry, measured_on)
        part = evaluation.part(evaluation.headline_role)
        if measured_on != OWN_IMAGES:
            subject = read_subject(entry.folder.evaluation_paths()[measured_on])
            places = {"data": subject.data, "fingerprint": subject.fingerprint, "split": subject.split}
            contender = replace(contender, **places)
    except RunError as error:
        return replace(contender, problem=str(error))
    return replace(contender, part=part, figures=figures_for(part))


def whole_evaluation(entry: RunEntry, measured_on: str = OWN_IMAGES) -> Evaluation:
    """A run's answers on all images that it was measured on, whatever their role, with their groups.

    Raises:
        RunError: the run was not measured on these images, or a file is damaged.
    """
    if measured_on != OWN_IMAGES:
        path = entry.folder.evaluation_paths().get(measured_on)
        if path is None:
            raise RunError(f"{entry.name} has not been evaluated on {measured_on}; its Run page does that.")
        return read_evaluation(path)
    evaluation = read_evaluation(entry.folder.evaluation_path)
    groups = Parts.read(entry.folder.split_path).groups_of(evaluation.rows)
    return replace(evaluation, groups=groups)
