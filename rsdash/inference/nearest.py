"""Features of a run's training tiles, kept in its folder, and which are nearest to a tile; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from pydantic import BaseModel, ConfigDict

from rsdash.data import DatasetInfo, list_datasets
from rsdash.errors import DataChangedError, DataNotFoundError
from rsdash.files import write_atomic
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import DataReference

SHOWN = 6
FILES = "features-*.npz"
ZERO = 1e-12


class Neighbour(BaseModel):
    """One training tile near to a tile.

    Attributes:
        row: of the manifest that the run trained on.
        file: its name there.
        label: name of its class.
        distance: one less the cosine of the angle between the features: 0 for the same direction, at most 2.
    """

    model_config = ConfigDict(frozen=True)

    row: int
    file: str
    label: str
    distance: float


class Nearest(BaseModel):
    """The training tiles that a model sees most like a tile.

    Attributes:
        layer: name of the layer whose inputs are compared; empty where the logits are.
        compared: training tiles looked at.
        trained_on: training tiles in all.
        found: the nearest, from near to far.
    """

    model_config = ConfigDict(frozen=True)

    layer: str
    compared: int
    trained_on: int
    found: tuple[Neighbour, ...]


@dataclass(frozen=True)
class TrainingFeatures:
    """What a model makes of its training tiles.

    Attributes:
        layer: name of the layer whose inputs these are; empty for logits.
        rows: of the manifest, int64 of shape (n,).
        features: of unit length, float16 of shape (n, D).
    """

    layer: str
    rows: np.ndarray
    features: np.ndarray

    def nearest(self, feature: np.ndarray, count: int = SHOWN) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosine distances of the tiles nearest to a feature (D,), from near to far."""
        wanted = unit_length(feature[None])[0]
        distances = 1 - self.features.astype(np.float32) @ wanted  # (n,)
        order = np.argsort(distances, kind="stable")[:count]
        return self.rows[order], np.maximum(distances[order], 0.0)

    def save(self, folder: RunFolder) -> None:
        """Keep them with the run, in place of those of earlier weights.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        path = features_path(folder)
        arrays: dict[str, Any] = {"layer": self.layer, "rows": self.rows, "features": self.features}
        write_atomic(path, lambda file: np.savez(file, **arrays))
        for old in folder.path.glob(FILES):
            if old != path:
                old.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: RunFolder) -> TrainingFeatures | None:
        """Those of the run's present weights; None where there are none that can be read."""
        try:
            with np.load(features_path(folder), allow_pickle=False) as file:
                return cls(str(file["layer"]), file["rows"], file["features"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None


def features_path(folder: RunFolder) -> Path:
    """Where the features by the run's present weights are or will be; its name changes with the weights.

    Raises:
        DataNotFoundError: the run has no weights.
    """
    try:
        stamp = folder.weights_path.stat().st_mtime_ns
    except OSError as error:
        raise DataNotFoundError(f"{folder.id} has no weights yet; let it finish first.") from error
    return folder.path / FILES.replace("*", f"{stamp:x}")


def training_data(asked: DataReference) -> DatasetInfo:
    """The data set that a run trained on, where it is still here and the same.

    Raises:
        DataNotFoundError: it is gone.
        DataChangedError: it was scanned since, and holds other files.
    """
    info = next((info for info in list_datasets() if info.name == asked.name), None)
    if info is None:
        raise DataNotFoundError(
            f"The training tiles cannot be looked at: the data set {asked.name!r} is not here any more."
        )
    if info.fingerprint != asked.fingerprint:
        raise DataChangedError(
            f"The training tiles cannot be looked at: the data set {asked.name!r} holds other files than "
            "those that the run trained on."
        )
    return info


def unit_length(features: np.ndarray) -> np.ndarray:
    """Each row divided by its length, float32 (n, D); a row of zeros stays."""
    numbers = features.astype(np.float32)
    return numbers / np.maximum(np.linalg.norm(numbers, axis=1, keepdims=True), ZERO)
