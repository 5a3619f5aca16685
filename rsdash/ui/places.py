"""Which paths of the server a page may read."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import list_datasets
from rsdash.data.building import SAMPLE
from rsdash.errors import DataError

ROOTS_VARIABLE = "RSDASH_ROOTS"


def server_path(text: str) -> Path:
    """A path that a person typed, where this server may read it.

    Where `RSDASH_ROOTS` names folders, only what lies below them is read, as a login page in front of a
    local server may let others in. Without it, a server that only this machine reaches reads whatever its
    user may, and one that others reach reads nothing by path.

    Raises:
        DataError: the path lies outside these folders, or begins with the name of a user who is not here.
    """
    try:
        path = Path(text.strip()).expanduser()
    except RuntimeError as error:
        raise DataError(f"{text.strip()} names the folder of a user who is not on this server.") from error
    named = os.environ.get(ROOTS_VARIABLE, "")
    if is_local() and not named:
        return path
    roots = [Path(root).expanduser().resolve() for root in named.split(os.pathsep) if root]
    if any(path.resolve().is_relative_to(root) for root in roots):
        return path
    allowed = ", ".join(map(str, roots)) or "none"
    raise DataError(
        f"{path} may not be read through the browser; this server reads below the folders in "
        f"{ROOTS_VARIABLE} only ({allowed})."
    )


def allowed_settings(config: RunConfig) -> RunConfig:
    """The settings as they are, where the paths among them may be read.

    Raises:
        DataError: the data set or the weights are a path outside the folders that may be read.
    """
    if config.data != SAMPLE and all(info.name != config.data for info in list_datasets()):
        server_path(config.data)
    kind, _, place = config.weights.partition(":")
    if kind == "file":
        server_path(place)
    return config


def is_local() -> bool:
    """Whether the server listens on this machine alone."""
    address = str(st.get_option("server.address") or "0.0.0.0")  # Streamlit's own default
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
