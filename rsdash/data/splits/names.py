"""Find the images that a list names: by path, by the end of the path, or by stem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

_AMBIGUOUS = -2


def rows_of(listed: Iterable[str], names: Sequence[str]) -> np.ndarray:
    """Rows of the images that a list names.

    A full path below the data set is tried first, then class folder and file name, then the stem
    alone, where only one image has it: lists are often made for another format or folder, as those of
    EuroSAT's longitude split are.

    Args:
        listed: what the list says, one entry an image.
        names: of the manifest.

    Returns:
        Row of each entry, int64; -1 where no image, or more than one, has that name.
    """
    full = {name: row for row, name in enumerate(names)}
    ends: dict[str, int] = {}
    stems: dict[str, int] = {}
    for row, name in enumerate(names):
        for known, key in ((ends, _end(name)), (stems, PurePosixPath(name).stem)):
            known[key] = _AMBIGUOUS if key in known else row
    rows = [_row(entry.strip().replace("\\", "/"), full, ends, stems) for entry in listed]
    return np.array(rows, dtype=np.int64)


def _row(entry: str, full: dict[str, int], ends: dict[str, int], stems: dict[str, int]) -> int:
    for known, key in ((full, entry), (ends, _end(entry)), (stems, PurePosixPath(entry).stem)):
        if known.get(key, -1) >= 0:
            return known[key]
    return -1


def _end(name: str) -> str:
    """Folder and stem: `a/b/Forest/1.tif` → `Forest/1`."""
    path = PurePosixPath(name)
    return f"{path.parent.name}/{path.stem}"
