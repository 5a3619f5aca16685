"""Evaluates the weights of an old run on another data set or split."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from rsdash.data import Dataset, missing_bytes, open_dataset
from rsdash.errors import RunError
from rsdash.evaluation.saved import Evaluation
from rsdash.inference.loading import Reported, load_reported, read_card
from rsdash.inference.opening import decoded_pixels
from rsdash.inference.results import EvaluationResult, Step
from rsdash.inference.unseen import TrainedOn, Unseen, check_bands, choose_unseen, labels_as
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import Subject, further_path, read_further, write_further
from rsdash.runs.parts import Parts
from rsdash.runs.states import EVALUATED
from rsdash.training.measure import BATCH, measure_logits
from rsdash.training.result import ModelCard
from rsdash.training.tiles import Tiles


def evaluate_run(folder: RunFolder, *, data: str, split: str = "") -> Iterator[Step | EvaluationResult]:
    """Measure the reported weights of a run and store the logits beside its evaluation.npz.

    Pixels are read, scaled and resized as the run's own were. Images that it trained on are left out.

    Args:
        folder: a run that is finished or was stopped.
        data: name of a data set, or the path of a folder or zip.
        split: name of a stored split, whose test and validation images are measured; empty for all images.

    Yields:
        How far it is in images, decoded and measured; the result at its end.

    Raises:
        RsdashError: the run has no weights, or data set, classes or bands do not fit it.
    """
    stamp, asked = _stamp(folder), _checked(folder, data, split)
    dataset, card, unseen = asked.dataset, asked.card, asked.unseen
    reported = load_reported(folder.weights_path)
    waits = missing_bytes(dataset.manifest, card.stored_px, card.data.radiometry) > 0
    ahead = len(dataset.manifest) if waits else 0
    pixels = yield from decoded_pixels(dataset, card, ahead + len(unseen.rows))
    logits = yield from _measured(reported, pixels, asked.labels, unseen, ahead)
    if _stamp(folder) != stamp:
        raise RunError(f"The weights of {folder.id} were replaced meanwhile. Evaluate it again.")
    evaluation = Evaluation(
        logits=logits,
        labels=asked.labels[unseen.rows],
        rows=unseen.rows,
        roles=unseen.roles,
        classes=card.data.classes,
        groups=unseen.groups,
    )
    path = further_path(folder, dataset.name, split)
    write_further(path, evaluation, Subject(dataset.name, split, dataset.manifest.fingerprint, asked.notes))
    yield EvaluationResult.of(read_further(path))


@dataclass(frozen=True)
class _Asked:
    """What is to be measured, all checked; `labels` are those of the data set in the model's numbers."""

    card: ModelCard
    dataset: Dataset
    labels: np.ndarray
    unseen: Unseen
    notes: tuple[str, ...]


def _checked(folder: RunFolder, data: str, split: str) -> _Asked:
    """Refuse what does not fit before anything is decoded."""
    state = folder.state().state
    if state not in EVALUATED:
        raise RunError(f"{folder.id} is {state.lower()}; it can be evaluated once it is finished or stopped.")
    card = read_card(folder.weights_path)
    dataset = open_dataset(data)
    dataset.verify(dataset.info.fingerprint)
    labels = labels_as(card.data.classes, dataset)
    note = check_bands(dataset, card.data.radiometry)
    parts, steered = Parts.read(folder.split_path), card.config.steered_by_validation
    unseen = choose_unseen(dataset, TrainedOn(folder.about().name, card.data, parts, steered), split)
    return _Asked(card, dataset, labels, unseen, (*unseen.notes, *([note] if note else [])))


def _measured(
    reported: Reported, pixels: np.ndarray, labels: np.ndarray, unseen: Unseen, ahead: int
) -> Generator[Step, None, np.ndarray]:
    """Logits in the order of `unseen`, float32 of shape (n, K), role by role as a run's own are."""
    card, rows = reported.card, unseen.rows
    tiles = Tiles(
        pixels,
        labels,
        rows=rows,
        side_px=card.config.im_size,
        scale=card.scale,
        device=reported.compute.device,
    )
    logits = []
    for role in dict.fromkeys(unseen.roles.tolist()):
        of_role = rows[unseen.roles == role]
        for start in range(0, len(of_role), BATCH):
            batch = tiles.part(of_role[start : start + BATCH])
            logits.append(measure_logits(reported.model, batch, reported.compute))
            yield Step(done=ahead + sum(map(len, logits)), total=ahead + len(rows))
    return np.concatenate(logits)


def _stamp(folder: RunFolder) -> tuple[int, int] | None:
    """Tells whether the weights are still the same file."""
    try:
        status = folder.weights_path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino
