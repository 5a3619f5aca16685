"""Names below the folders above the classes: a zip of `EuroSAT/2750/Forest` is one of `Forest`."""

from __future__ import annotations

import os
from collections.abc import Iterable


def common_top(files: Iterable[str], folders: Iterable[str]) -> str:
    """The folder, as `top/` or `top/more/`, above the class folders; empty where they stand at the top."""
    prefix = ""
    while True:
        tops = {name.removeprefix(prefix).split("/")[0] for name in folders if name.startswith(prefix)} - {""}
        if len(tops) != 1:
            return prefix
        longer = f"{prefix}{tops.pop()}/"
        if not any(name.startswith(longer) and "/" in name.removeprefix(longer) for name in files):
            return prefix
        prefix = longer


def strip(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Short name, as it can be written, → full name. What stands beside the common top keeps its name."""
    short = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
    beside = {name: name for name in names if not f"{name}/".startswith(prefix)}
    beside = {name: name for name in beside if not prefix.startswith(f"{name}/")}
    return {written_name(name): full for name, full in {**beside, **short}.items()}


def written_name(name: str) -> str:
    """The name as it can be shown and stored: bytes of an old encoding, which are no UTF-8, as `\\xe4`."""
    return os.fsencode(name).decode(errors="backslashreplace")
