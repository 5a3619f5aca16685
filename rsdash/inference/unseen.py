"""Which images of a data set a trained model may be measured on, and what a figure on each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rsdash.config import Radiometry
from rsdash.data import Dataset, Manifest, decode, load_split
from rsdash.data.building import datasets_root
from rsdash.data.dataset import manifest_path
from rsdash.data.exclusions import load_exclusions
from rsdash.errors import DataError, RsdashError
from rsdash.evaluation.roles import MERIT, Role
from rsdash.runs.parts import PARTS, Parts
from rsdash.runs.records import DataReference


@dataclass(frozen=True)
class TrainedOn:
    """What a run has seen.

    Attributes:
        name: of the run, for messages.
        data: its data set.
        parts: its split.
        steered: whether it decided anything by its validation images.
    """

    name: str
    data: DataReference
    parts: Parts
    steered: bool


@dataclass(frozen=True)
class Unseen:
    """Images that a run did not train on, the most trustworthy role first.

    Attributes:
        rows: of the data set's manifest, int64 of shape (n,).
        roles: text of shape (n,).
        groups: int64 of shape (n,), where the split kept groups together; else None.
        notes: sentences on what was left out, and what was not checked.
    """

    rows: np.ndarray
    roles: np.ndarray
    groups: np.ndarray | None
    notes: tuple[str, ...]


def choose_unseen(dataset: Dataset, trained: TrainedOn, split: str = "") -> Unseen:
    """Take the images that a split holds out, or all, without those that the run trained on.

    Args:
        dataset: to be measured on.
        trained: the run.
        split: name of a stored split of the data set, whose test and validation images are meant; empty for
            all images that are not excluded.

    Raises:
        DataError: no such split, or nothing remains.
    """
    rows, groups, notes = _asked(dataset, split)
    part_of = parts_of_run(dataset.manifest, trained)
    if part_of is None:
        notes.append(
            f"Whether {trained.name} trained on images of {dataset.name} was not checked: the list of its "
            "training images is no longer known."
        )
        part_of = np.full(len(dataset.manifest), "")
    seen = part_of[rows] == "train"
    if seen.all():
        raise DataError(f"{trained.name} trained on all of these images of {dataset.name}; none is left.")
    if seen.any():
        notes.append(f"{int(seen.sum()):,} images that {trained.name} trained on are left out.")
    rows, groups = rows[~seen], None if groups is None else groups[~seen]
    strangers = int((part_of[rows] == "").sum())
    if strangers and dataset.manifest.fingerprint == trained.data.fingerprint:
        notes.append(
            f"{strangers:,} images were in no part of its own split {trained.data.split}; whether they "
            "resemble training images was not checked."
        )
    own = Role.SELECTED_ON if trained.steered else Role.VALIDATION
    roles = np.where(part_of[rows] == "validation", own.value, Role.HELD_OUT.value)
    order = np.argsort([MERIT.index(Role(role)) for role in roles.tolist()], kind="stable")
    return Unseen(rows[order], roles[order], None if groups is None else groups[order], tuple(notes))


def parts_of_run(manifest: Manifest, trained: TrainedOn) -> np.ndarray | None:
    """The part that each image had in a run: train, validation, test or empty; text of shape (N,).

    In the same data set that is told by row, in another by the content of the files. None where the
    manifest of the training images is no longer stored.
    """
    part_of = np.full(len(manifest), "", dtype="U10")
    if manifest.fingerprint == trained.data.fingerprint:
        for part in PARTS:
            part_of[trained.parts.rows[part]] = part
        return part_of
    known = _manifest_of(trained.data.fingerprint)
    if known is None:
        return None
    named: dict[str, str] = {}
    for part in reversed(PARTS):  # of twins in several parts, the training image counts
        named |= {known.hashes[row]: part for row in trained.parts.rows[part].tolist()}
    part_of[:] = [named.get(content, "") for content in manifest.hashes]
    return part_of


def labels_as(classes: Sequence[str], dataset: Dataset) -> np.ndarray:
    """Labels of a data set in a model's numbers, matched by name, int64 of shape (N,).

    Args:
        classes: the model's.
        dataset: may lack some of them.

    Raises:
        DataError: it has a class that the model does not know.
    """
    unknown = [name for name in dataset.manifest.classes if name not in classes]
    if unknown:
        raise DataError(
            f"The model does not know the class {unknown[0]!r} of {dataset.name}; it knows "
            f"{', '.join(classes)}."
        )
    numbers = np.array([list(classes).index(name) for name in dataset.manifest.classes], dtype=np.int64)
    return numbers[dataset.manifest.labels]


def check_bands(dataset: Dataset, radiometry: Radiometry) -> str:
    """Make sure that an image can be read as the model's images were.

    Returns:
        A sentence where the data set's own way of reading numbers is another; else empty.

    Raises:
        DataError: its bands are others.
    """
    try:
        decode(dataset.read_image(0), dataset.manifest.names[0], radiometry)
    except RsdashError as error:
        raise DataError(
            f"The bands of the data set {dataset.name} do not fit the model, which reads "
            f"{radiometry.describe()}. {error}"
        ) from error
    own = dataset.info.radiometry
    if own.is_rgb8 == radiometry.is_rgb8 and (own.scale, own.offset) == (radiometry.scale, radiometry.offset):
        return ""
    return f"{dataset.name} was read as the training images were: {radiometry.describe()}."


def _asked(dataset: Dataset, split: str) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """Rows, their groups, and notes."""
    if split:
        stored = load_split(split, dataset.splits_folder)
        rows = np.concatenate([stored.test, stored.validation])
        if not len(rows):
            raise DataError(f"The split {split} of {dataset.name} holds no images out.")
        groups = Parts({"test": stored.test}, {}, stored.test_groups).groups_of(rows)
        return rows, groups, []
    excluded = load_exclusions(dataset.folder).rows(dataset.manifest.names)
    rows = np.setdiff1d(np.arange(len(dataset.manifest)), excluded)
    if not len(rows):
        raise DataError(f"All images of {dataset.name} are excluded; none is left.")
    notes = [f"{len(excluded):,} excluded images are left out."] if excluded else []
    return rows, None, notes


def _manifest_of(fingerprint: str) -> Manifest | None:
    """A manifest of any data set that is known, by its fingerprint."""
    for folder in sorted(datasets_root().glob("[!.]*")):
        path = manifest_path(folder, fingerprint)
        if path.exists():
            return Manifest.load(path)
    return None
