"""How a worker is launched: a small interface and its first implementation, a local process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Protocol

from rsdash.errors import storage_errors
from rsdash.home import PROJECT_DIR
from rsdash.jobs.devices import CPU_SLOT
from rsdash.runs.folder import RunFolder
from rsdash.runs.lock import LOCK_VARIABLE, Lock

KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}
"""Has glibc keep freed memory for the next step instead of giving it back to the system, which then clears
every page anew: on two cores a step of ResNet18 at 224 px took a sixth less time and 40 % more memory.
Values that the environment brings are left alone."""


class Worker(Protocol):
    """A launched worker."""

    def poll(self) -> int | None:
        """Exit code, negative for a signal; None while it lives."""
        ...

    def terminate(self) -> None:
        """Ask it to write a checkpoint and leave."""
        ...


class Executor(Protocol):
    """Launches workers."""

    def launch(self, folder: RunFolder, lock: Lock, slot: str) -> Worker:
        """Start a worker that takes over the run's lock."""
        ...


class LocalExecutor:
    """Launches each worker as a process of this machine, in a session of its own."""

    def launch(self, folder: RunFolder, lock: Lock, slot: str) -> subprocess.Popen[bytes]:
        """Start a worker on a slot; the caller closes its copy of the lock afterwards.

        Raises:
            StorageError: worker.log cannot be written.
            OSError: the process cannot be started.
        """
        with storage_errors(folder.log_path), folder.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rsdash", "worker", str(folder.path)],
                cwd=PROJECT_DIR,
                env=_environment(os.environ, lock, slot),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock.descriptor,),
                start_new_session=True,
            )


def _environment(base: Mapping[str, str], lock: Lock, slot: str) -> dict[str, str]:
    gpu = "" if slot == CPU_SLOT else slot
    return {
        **KEEP_MEMORY,
        **base,
        LOCK_VARIABLE: str(lock.descriptor),
        "CUDA_VISIBLE_DEVICES": gpu,
        "PYTHONUNBUFFERED": "1",
    }
