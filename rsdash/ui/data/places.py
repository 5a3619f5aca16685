"""Which paths of the server a page may read."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import streamlit as st

from rsdash.errors import DataError

ROOTS_VARIABLE = "RSDASH_ROOTS"


def server_path(text: str) -> Path:
    """A path that a person typed, where this server may read it.

    A server that only this machine reaches reads whatever its user may. One that others reach reads
    below the folders in `RSDASH_ROOTS` alone.

    Raises:
        DataError: the path lies outside these folders.
    """
    path = Path(text.strip()).expanduser()
    if is_local():
        return path
    roots = [
        Path(root).expanduser().resolve()
        for root in os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep)
        if root
    ]
    if any(path.resolve().is_relative_to(root) for root in roots):
        return path
    allowed = ", ".join(map(str, roots)) or "none"
    raise DataError(
        f"{path} may not be read through the browser. This server is open to other machines and reads below "
        f"the folders in {ROOTS_VARIABLE} only ({allowed})."
    )


def is_local() -> bool:
    """Whether the server listens on this machine alone."""
    address = str(st.get_option("server.address") or "0.0.0.0")  # Streamlit's own default
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
