"""Proof of life: `flock` on a file, held by one process and free the moment it dies."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

from rsdash.errors import RunError, storage_errors

LOCK_VARIABLE = "RSDASH_LOCK_DESCRIPTOR"
"""Tells a worker the number of the open descriptor that holds its run's lock."""
RETRY_S = 0.02


class Lock:
    """An exclusive lock that this process holds, or shares with the process that handed it over."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, *, wait_s: float = 0.0) -> Lock | None:
        """Take the lock on `path`, trying for `wait_s` seconds; None if another holds it."""
        with storage_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return None
                time.sleep(RETRY_S)
            else:
                return cls(descriptor)

    @classmethod
    def handed_over(cls, descriptor: int) -> Lock:
        """Own a lock whose open descriptor was inherited from the launcher; children do not inherit it."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor)

    @property
    def descriptor(self) -> int:
        """File descriptor to hand to a child process."""
        return self._descriptor

    def release(self) -> None:
        """Close this process's copy; the lock is free once no process has one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def close_in_children(self) -> None:
        """Have forked children give up their copy, so that the lock speaks of this process alone."""
        os.register_at_fork(after_in_child=self.release)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock on `path` right now."""
    lock = Lock.take(path)
    if lock is None:
        return False
    lock.release()
    return True


def require_working_locks(folder: Path) -> None:
    """Make sure that the file system of `folder` keeps two holders apart.

    Raises:
        RunError: it does not, so that two workers could train one run.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".lock-", dir=folder)
    path = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        works = not is_free(path)
    except OSError:
        works = False
    finally:
        os.close(descriptor)
        path.unlink()
    if not works:
        raise RunError(f"The file system of {folder} has no working file locks; choose another --runs-dir.")
