"""Checkpoints: everything needed to go on, written beside the training, loadable as weights only."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch

from rsdash.errors import CheckpointError, StorageError
from rsdash.files import write_atomic
from rsdash.runs.events import bring_to_disk
from rsdash.training.memory import is_out_of_memory

FORMAT_VERSION = 2
RETRY_S = 30.0
"""So long a checkpoint that found no room waits before it is tried once more."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two optimizer steps.

    Attributes:
        run_id: run it belongs to.
        model: state dict of the network.
        optimizer: state dict of the optimizer.
        scaler: state dict of the fp16 loss scaler; empty elsewhere.
        average: state dict of the averaged weights; empty without averaging.
        best: state dict of the best epoch's weights; empty while there is none.
        progress: counters and sums, see Progress.
        threads: CPU threads that took part, for equal sums on resume.
        scale: normalization of the images, see PixelScale, which the first weights may have brought along;
            empty in checkpoints from before it was kept.
    """

    run_id: str
    model: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    scaler: Mapping[str, Any]
    average: Mapping[str, Any]
    best: Mapping[str, Any]
    progress: Mapping[str, Any]
    threads: int
    scale: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the former one stays until the new one is complete.

    Raises:
        StorageError: the disk is full; the former checkpoint is untouched.
    """
    content = {"version": FORMAT_VERSION, **vars(checkpoint)}
    write_atomic(path, lambda file: _save(content, file))


def load_checkpoint(path: Path, run_id: str) -> Checkpoint:
    """Read a checkpoint of a run, on the CPU.

    Raises:
        CheckpointError: it cannot be opened, is damaged, of another format or of another run.
        RuntimeError, MemoryError: memory does not suffice for it.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be opened ({error.strerror}). Resume once it can be."
        ) from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version = content.pop("version")
        checkpoint = Checkpoint(**content) if version == FORMAT_VERSION else None
    except Exception as error:  # PyTorch raises almost anything for a damaged file
        if is_out_of_memory(error):
            raise
        raise CheckpointError(
            f"{path} is damaged and cannot be loaded. Delete it to begin again at step 0."
        ) from error
    if checkpoint is None:
        raise CheckpointError(f"{path} has format {version}; this rsdash reads format {FORMAT_VERSION}.")
    if checkpoint.run_id != run_id:
        raise CheckpointError(f"{path} belongs to run {checkpoint.run_id}, not to {run_id}.")
    return checkpoint


class CheckpointWriter:
    """Writes checkpoints in a thread of its own, one at a time; what cannot be stored is tried once more.

    Attributes:
        written_step: step of the last one that is on disk; None while there is none.
        trouble: why the present one could not be stored at first; empty where it could.
        seconds: that the last one took until it was on disk; 0 before the first.
    """

    def __init__(self, path: Path, *, log_path: Path) -> None:
        """Begin with nothing written.

        Args:
            path: of the checkpoint.
            log_path: of what happened until then, which is brought to disk before it.
        """
        self._path = path
        self._log_path = log_path
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._hurried = threading.Event()
        self.written_step: int | None = None
        self.trouble = ""
        self.seconds = 0.0

    @property
    def busy(self) -> bool:
        """Whether one is being written."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, checkpoint: Checkpoint) -> None:
        """Begin to write a copy of a checkpoint whose tensors may change from now on.

        Raises:
            StorageError: the one before could not be written.
        """
        self.wait()
        self._hurried.clear()
        frozen = Checkpoint(**{name: _copy(value) for name, value in vars(checkpoint).items()})
        self._thread = threading.Thread(target=self._write, args=(frozen,), name="checkpoint")
        self._thread.start()

    def check(self) -> None:
        """Make sure that the last one was written, if it is no longer in progress.

        Raises:
            StorageError: it could not be written.
        """
        if not self.busy:
            self.wait()

    def wait(self) -> None:
        """Wait until the one in progress is on disk; what is to be tried once more is tried now.

        Raises:
            StorageError: it could not be written.
        """
        self._hurried.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _write(self, checkpoint: Checkpoint) -> None:
        began = time.monotonic()
        try:
            self._save(checkpoint)
        except Exception as error:  # noqa: BLE001  # raised again in the training thread by wait()
            self._error = error
        else:
            self.written_step = int(checkpoint.progress["step"])
            self.seconds = time.monotonic() - began
        self.trouble = ""

    def _save(self, checkpoint: Checkpoint) -> None:
        try:
            bring_to_disk(self._log_path)
            save_checkpoint(self._path, checkpoint)
        except StorageError as error:
            self.trouble = str(error)
            self._hurried.wait(RETRY_S)
            save_checkpoint(self._path, checkpoint)


class _Target:
    """A file that remembers why it could not be written: torch reports a full disk as a RuntimeError."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _save(content: dict[str, Any], file: BinaryIO) -> None:
    target = _Target(file)
    try:
        torch.save(content, target)  # pyright: ignore[reportArgumentType]  # torch only writes and flushes
    except RuntimeError as error:
        if target.error is None:
            raise
        raise target.error from error


def _copy(value: Any) -> Any:
    """Copy nested containers, moving tensors to the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy(item) for item in value)
    return value
