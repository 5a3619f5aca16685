"""Where runs and data sets live: environment variables, their defaults, and nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
"""The folder of the clone: `app.py`, `pages/` and `examples/` stand here."""

RUNS_VARIABLE = "RSDASH_RUNS"
DATA_VARIABLE = "RSDASH_DATA"


def runs_dir() -> Path:
    """Folder of run folders: `RSDASH_RUNS`, or `checkpoints/` in the project."""
    return Path(os.environ.get(RUNS_VARIABLE) or PROJECT_DIR / "checkpoints").expanduser().absolute()


def data_dir() -> Path:
    """Folder of data sets, pixel caches and the model catalogue: `RSDASH_DATA`, or the user's data folder."""
    return Path(os.environ.get(DATA_VARIABLE) or _user_data_dir() / "rsdash").expanduser().absolute()


def examples_dir() -> Path:
    """Folder of the finished runs shipped with the project; read-only."""
    return PROJECT_DIR / "examples"


def _user_data_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
