"""Where runs and data sets live and how much is kept: environment variables and their defaults alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rsdash.errors import ConfigError

PROJECT_DIR = Path(__file__).resolve().parent.parent
"""The folder of the clone: `app.py`, `pages/` and `examples/` stand here."""

RUNS_VARIABLE = "RSDASH_RUNS"
DATA_VARIABLE = "RSDASH_DATA"
CACHE_VARIABLE = "RSDASH_CACHE_GB"
DEFAULT_CACHE_GB = 50.0
KEPT_VARIABLE = "RSDASH_KEPT_CHECKPOINTS"
DEFAULT_KEPT_CHECKPOINTS = 3
IDLE_VARIABLE = "RSDASH_SERVICE_IDLE_S"
DEFAULT_IDLE_S = 300.0


def runs_dir() -> Path:
    """Folder of run folders: `RSDASH_RUNS`, or `checkpoints/` in the project."""
    return Path(os.environ.get(RUNS_VARIABLE) or PROJECT_DIR / "checkpoints").expanduser().absolute()


def data_dir() -> Path:
    """Folder of data sets, pixel caches and the model catalogue: `RSDASH_DATA`, or the user's data folder."""
    return Path(os.environ.get(DATA_VARIABLE) or _user_data_dir() / "rsdash").expanduser().absolute()


def maps_dir() -> Path:
    """Folder of the maps of scenes: `maps/` in the data folder."""
    return data_dir() / "maps"


def cache_limit_bytes() -> int:
    """What all pixel caches together may take: `RSDASH_CACHE_GB`, or 50 GB.

    Raises:
        ConfigError: the variable is no positive number.
    """
    return int(_positive(CACHE_VARIABLE, DEFAULT_CACHE_GB, "GB") * 1e9)


def service_idle_s() -> float:
    """How long the process of predictions waits for the next one: `RSDASH_SERVICE_IDLE_S`, or 300 seconds.

    Raises:
        ConfigError: the variable is no positive number.
    """
    return _positive(IDLE_VARIABLE, DEFAULT_IDLE_S, "seconds")


def kept_checkpoints() -> int:
    """Ended runs that keep their optimizer state, pinned ones aside: `RSDASH_KEPT_CHECKPOINTS`, or 3.

    Raises:
        ConfigError: the variable is no whole number, or below 0.
    """
    text = os.environ.get(KEPT_VARIABLE) or str(DEFAULT_KEPT_CHECKPOINTS)
    if not text.strip().isdecimal():
        raise ConfigError(f"{KEPT_VARIABLE}={text} is no whole number of runs from 0 on, such as 3.")
    return int(text)


def check_limits() -> None:
    """Make sure, before anything starts, that the limits which the environment sets can be used.

    Raises:
        ConfigError: one of them is mistyped.
    """
    cache_limit_bytes()
    kept_checkpoints()
    service_idle_s()


def examples_dir() -> Path:
    """Folder of the finished runs shipped with the project; read-only."""
    return PROJECT_DIR / "examples"


def _positive(variable: str, default: float, unit: str) -> float:
    text = os.environ.get(variable) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigError(f"{variable}={text} is no positive number of {unit}, such as {default:g}.")
    return number


def _user_data_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
