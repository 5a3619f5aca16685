"""Where the inference service listens: a private file that its clients read; no torch."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from rsdash.home import data_dir


@dataclass(frozen=True)
class Address:
    """How to reach the service.

    Attributes:
        port: TCP port on 127.0.0.1.
        token: goes into the header `Authorization: Bearer <token>`.
        pid: process id of the service.
    """

    port: int
    token: str
    pid: int

    @property
    def url(self) -> str:
        """Base address of the service."""
        return f"http://127.0.0.1:{self.port}"


def address_path() -> Path:
    """The file that names the running service; readable by its owner alone."""
    return data_dir() / "service.json"


def lock_path() -> Path:
    """Held by the running service."""
    return data_dir() / "service.lock"


def read_address() -> Address | None:
    """Address of the service that wrote its file last; None where there is none."""
    try:
        return Address(**json.loads(address_path().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_address(address: Address) -> None:
    """Tell clients where the service is."""
    temporary = address_path().with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(address), file)
    temporary.replace(address_path())
