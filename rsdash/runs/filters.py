"""filters.npz: the first layer of a run's network as it was at first and as it is."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsdash.errors import RunError

_BROKEN = (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile)
"""What numpy and zipfile raise on damaged bytes."""


@dataclass(frozen=True)
class Filters:
    """The filters that read the image.

    Attributes:
        initial: float16 of shape (F, C, k, k).
        latest: the same after `step` optimizer steps.
        step: optimizer steps taken.
    """

    initial: np.ndarray
    latest: np.ndarray
    step: int


def read_filters(path: Path) -> Filters | None:
    """The filters of a run; None where it has none (yet).

    Raises:
        RunError: the file is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            filters = Filters(saved["initial"], saved["latest"], int(saved["step"]))
    except FileNotFoundError:
        return None
    except _BROKEN as error:
        raise RunError(f"{path} is damaged and cannot be read.") from error
    if filters.initial.ndim != 4 or filters.initial.shape != filters.latest.shape:
        raise RunError(f"{path} is damaged: its arrays do not fit together.")
    return filters
