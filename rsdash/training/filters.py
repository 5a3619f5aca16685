"""The filters that read the image, as they were at first and as they are: a small file in the run folder."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from torch import nn

from rsdash.errors import RunError
from rsdash.files import write_atomic
from rsdash.runs.filters import read_filters

MOST_FILTERS = 96
WRITE_EVERY_S = 5.0
"""Epochs may be short, and each writing waits for the disk."""


class FilterFile:
    """filters.npz: `initial` and `latest`, float16 of shape (F, C, k, k), and the `step` of the latest.

    The first MOST_FILTERS filters of the first convolution: 70 kB each for the study's AlexNet, 295 kB for
    patches of 16 px. A network without a convolution has no such file.
    """

    def __init__(self, path: Path, model: nn.Module) -> None:
        """Remember the filters that a run begins with; nothing is written yet.

        Args:
            path: where to write.
            model: with the weights it begins with; of a run that goes on, the file knows them.
        """
        self._path = path
        convolutions = (module for module in model.modules() if isinstance(module, nn.Conv2d))
        self._layer = next(convolutions, None)
        self._initial = self._remembered()
        self._written_at = -np.inf

    def write(self, step: int, *, force: bool = False) -> None:
        """Replace the file, if that is due; fetches the filters from the device.

        Raises:
            StorageError: the disk is full.
        """
        now = time.monotonic()
        if self._layer is None or (not force and now - self._written_at < WRITE_EVERY_S):
            return
        self._written_at = now
        arrays = {"initial": self._initial, "latest": self._present(), "step": np.array(step)}
        write_atomic(self._path, lambda file: np.savez_compressed(file, **arrays))  # pyright: ignore[reportArgumentType]  # a stub that takes the keywords for its own

    def _remembered(self) -> np.ndarray:
        """The filters that the run began with: as an earlier attempt wrote them, else the present ones."""
        present = self._present()
        try:
            known = read_filters(self._path)
        except RunError:  # damaged: it is written anew
            return present
        return known.initial if known and known.initial.shape == present.shape else present

    def _present(self) -> np.ndarray:
        if self._layer is None:
            return np.empty(0, np.float16)
        return self._layer.weight.detach()[:MOST_FILTERS].float().cpu().numpy().astype(np.float16)
