"""Every error that a person may be shown.

    RsdashError
    ├── ConfigError             a setting is unknown, out of range or contradicts another
    ├── DataError               a data set cannot be used as asked
    │   ├── DataNotFoundError   no data set, folder or file of that name
    │   ├── DataChangedError    the files are no longer those the run was started on
    │   └── ImageError          one image cannot be read
    ├── ModelError              a model cannot be built or its weights cannot be loaded
    ├── RunError                a run cannot do what was asked
    │   ├── RunNotFoundError    no run of that id or name
    │   ├── RunBusyError        another process holds the run
    │   ├── DivergedError       the loss or a weight is no longer a number
    │   └── CheckpointError     a checkpoint is missing, damaged or of another run
    ├── StorageError            the disk is full or the place cannot be written
    └── ServiceError            the inference service cannot be reached or refused

A message says what was wrong, with the value, and what to do about it. Pages and the
command line catch RsdashError alone: anything else is a bug and is seen.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RsdashError(Exception):
    """Base of all errors whose message is written for the person at the screen."""


class ConfigError(RsdashError):
    """A setting is unknown, out of range or contradicts another; `setting` is its name where it is one."""

    def __init__(self, message: str, *, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class DataError(RsdashError):
    """A data set cannot be used as asked."""


class DataNotFoundError(DataError):
    """No data set, folder or file of that name."""


class DataChangedError(DataError):
    """The files are no longer those the run was started on."""


class ImageError(DataError):
    """One image cannot be read."""


class ModelError(RsdashError):
    """A model cannot be built or its weights cannot be loaded."""


class RunError(RsdashError):
    """A run cannot do what was asked."""


class RunNotFoundError(RunError):
    """No run of that id or name."""


class RunBusyError(RunError):
    """Another process holds the run."""


class DivergedError(RunError):
    """The loss or a weight is no longer a number."""


class CheckpointError(RunError):
    """A checkpoint is missing, damaged or belongs to another run."""


class StorageError(RsdashError):
    """The disk is full or the place cannot be written."""


class ServiceError(RsdashError):
    """The inference service cannot be reached, or refused."""


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden place into a StorageError that names the place.

    Raises:
        StorageError: the block failed because `place` is full, read-only or forbidden.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"The disk that holds {place} is full. Free some space and try again."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                f"{place} cannot be written. Check its permissions or choose another place."
            ) from error
        raise
