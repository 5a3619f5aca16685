"""Further evaluations of a run: its reported weights on another data set or split.

`evaluation-<data set>-<split>.npz` holds the arrays of evaluation.npz, whose rows are those of the other
data set's manifest and whose classes are the model's, and the texts `data`, `split` (empty for all images),
`fingerprint` (of that manifest) and `notes` (what a reader of the figures should know).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.errors import RunError
from rsdash.evaluation.figures import Figures, headline
from rsdash.evaluation.saved import Evaluation, read_evaluation
from rsdash.files import write_atomic
from rsdash.runs.folder import FURTHER_PREFIX, RunFolder

ALL_IMAGES = "all-images"
"""Stands for the split where all images were measured."""


@dataclass(frozen=True)
class Subject:
    """What the weights were measured on.

    Attributes:
        data: name of the data set.
        split: name of its split, or empty for all images.
        fingerprint: of the data set's manifest.
        notes: sentences on which images were left out, and what was not checked.
    """

    data: str
    split: str
    fingerprint: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FurtherEvaluation:
    """One further evaluation.

    Attributes:
        path: its file.
        subject: what was measured.
        roles: role → number of images.
        figures: on the images of the most trustworthy role.
    """

    path: Path
    subject: Subject
    roles: dict[str, int]
    figures: Figures


def further_path(folder: RunFolder, data: str, split: str) -> Path:
    """Where the evaluation on a data set and split is stored; an empty split means all images."""
    return folder.path / f"{FURTHER_PREFIX}{data}-{split or ALL_IMAGES}.npz"


def write_further(path: Path, evaluation: Evaluation, subject: Subject) -> None:
    """Write a further evaluation, atomically.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    arrays: dict[str, Any] = {
        "logits": evaluation.logits,
        "labels": evaluation.labels,
        "rows": evaluation.rows,
        "roles": evaluation.roles,
        "classes": np.array(evaluation.classes),
        "data": np.array(subject.data),
        "split": np.array(subject.split),
        "fingerprint": np.array(subject.fingerprint),
        "notes": np.array(subject.notes, dtype=np.str_),
    }
    if evaluation.groups is not None:
        arrays["groups"] = evaluation.groups
    write_atomic(path, lambda file: np.savez_compressed(file, **arrays))


def read_further(path: Path) -> FurtherEvaluation:
    """Read a further evaluation.

    Raises:
        RunError: it is missing or damaged.
    """
    evaluation, subject = read_evaluation(path), read_subject(path)
    roles = dict(zip(*np.unique(evaluation.roles, return_counts=True), strict=True))
    counts = {str(role): int(count) for role, count in roles.items()}
    return FurtherEvaluation(path, subject, counts, headline(evaluation))


def read_subject(path: Path) -> Subject:
    """What a further evaluation, whose answers can be read, was measured on.

    Raises:
        RunError: it does not say so.
    """
    with np.load(path, allow_pickle=False) as saved:
        try:
            data, split, fingerprint = (str(saved[name]) for name in ("data", "split", "fingerprint"))
            return Subject(data, split, fingerprint, tuple(saved["notes"].tolist()))
        except (KeyError, ValueError) as error:
            raise RunError(f"{path} is damaged: it does not say what was measured.") from error


def list_further(folder: RunFolder) -> tuple[list[FurtherEvaluation], list[str]]:
    """The further evaluations of a run by file name, and a sentence on each that cannot be read."""
    found, problems = [], []
    for path in _paths(folder):
        try:
            found.append(read_further(path))
        except RunError as error:
            problems.append(str(error))
    return found, problems


def forget_further(folder: RunFolder) -> None:
    """Delete them, as must be done where the reported weights are replaced."""
    for path in _paths(folder):
        path.unlink(missing_ok=True)


def _paths(folder: RunFolder) -> Sequence[Path]:
    return [path for path in folder.evaluation_paths().values() if path != folder.evaluation_path]
