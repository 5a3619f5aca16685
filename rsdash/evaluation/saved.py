"""What a run's evaluation.npz holds: logits on images that it did not train on."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsdash.errors import RunError
from rsdash.evaluation.roles import FORMER_NAMES, MERIT

MOST_BYTES = 4_000_000_000
"""Of all arrays together, unpacked."""
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    RuntimeError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
)
"""What numpy and zipfile raise on damaged bytes."""


@dataclass(frozen=True)
class Evaluation:
    """Logits of a run's reported weights on images that it did not train on.

    Attributes:
        logits: float32 of shape (n, K).
        labels: int64 of shape (n,).
        rows: int64 of shape (n,), rows of the data set's manifest.
        roles: text of shape (n,), what a figure on each image is worth.
        classes: K class names in label order.
        groups: int64 of shape (n,), the group (block, scene) of each image where images of a group are
            not independent of each other; None where all images are independent.
    """

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    roles: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray | None = None

    @property
    def headline_role(self) -> str:
        """The most trustworthy role there is."""
        present = set(self.roles.tolist())
        return next(role for role in MERIT if role in present)

    def part(self, role: str) -> Evaluation:
        """The images of one role."""
        chosen = self.roles == role
        return Evaluation(
            logits=self.logits[chosen],
            labels=self.labels[chosen],
            rows=self.rows[chosen],
            roles=self.roles[chosen],
            classes=self.classes,
            groups=None if self.groups is None else self.groups[chosen],
        )


def read_evaluation(path: Path) -> Evaluation:
    """Read evaluation.npz, which may come from anybody; groups are read where the file holds them.

    Raises:
        RunError: it is missing, damaged, or holds arrays larger than the file says.
    """
    try:
        _check_arrays(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            evaluation = Evaluation(
                logits=saved["logits"],
                labels=saved["labels"],
                rows=saved["rows"],
                roles=_renamed(saved["roles"]),
                classes=tuple(saved["classes"].tolist()),
                groups=saved["groups"] if "groups" in saved.files else None,
            )
            fits = _fits_together(evaluation)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent.name} has no evaluation yet.") from error
    except _BROKEN as error:
        raise RunError(f"{path} is damaged and cannot be read.") from error
    if not fits:
        raise RunError(f"{path} is damaged: its arrays do not fit together.")
    return evaluation


def _check_arrays(path: Path) -> None:
    """Make sure that each array is as large as its member says, before numpy makes room for it.

    Raises:
        ValueError: one is not, holds Python objects, or all are more than MOST_BYTES.
    """
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MOST_BYTES:
            raise ValueError("more than an evaluation takes")
        for member in members:
            with archive.open(member) as file:
                shape, _, dtype = headers[np.lib.format.read_magic(file)](file)
            if dtype.hasobject or math.prod(shape) * dtype.itemsize > member.file_size:
                raise ValueError(f"{member.filename} is not what it says")


def _renamed(roles: np.ndarray) -> np.ndarray:
    """Roles by their names of today; what is no text stays, to be refused."""
    if roles.dtype.kind == "U":
        for former, present in FORMER_NAMES.items():
            roles = np.where(roles == former, present, roles)
    return roles


def _fits_together(evaluation: Evaluation) -> bool:
    """Whether shapes agree, each label names a class and each role is known."""
    labels, groups, count = evaluation.labels, evaluation.groups, len(evaluation.labels)
    if not count or evaluation.logits.shape != (count, len(evaluation.classes)):
        return False
    columns = (labels, evaluation.rows, evaluation.roles, *(() if groups is None else (groups,)))
    if any(column.shape != (count,) for column in columns) or labels.dtype.kind != "i":
        return False
    if groups is not None and groups.dtype.kind != "i":
        return False
    in_range = labels.min() >= 0 and labels.max() < len(evaluation.classes)
    return bool(in_range) and set(evaluation.roles.tolist()) <= set(MERIT)
