"""Files that a person drops on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def stored(file: Any, folder: Path) -> Path:
    """A dropped file on disk, under its own last name.

    Args:
        file: as Streamlit hands it over.
        folder: where it goes; made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(file.name).name
    path.write_bytes(file.getvalue())
    return path
