"""Checkpoints: they come back exactly, refuse what is not theirs, and survive a full disk."""

from __future__ import annotations

import errno
import io
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rsdash.errors import CheckpointError, StorageError, storage_errors
from rsdash.training import checkpoint as module
from rsdash.training.checkpoint import Checkpoint, CheckpointWriter, load_checkpoint, save_checkpoint
from tests.tiny import wait_for


def checkpoint(value: float = 1.0, step: int = 5) -> Checkpoint:
    return Checkpoint(
        run_id="run",
        model={"weight": torch.full((1_000,), value)},
        optimizer={"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        scaler={},
        average={},
        best={},
        progress={"step": step, "accuracies": [0.5]},
        threads=2,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "last.ckpt"


def test_a_checkpoint_comes_back_as_it_was(path: Path) -> None:
    save_checkpoint(path, checkpoint())
    loaded = load_checkpoint(path, "run")
    assert torch.equal(loaded.model["weight"], checkpoint().model["weight"])
    assert loaded.optimizer["param_groups"] == checkpoint().optimizer["param_groups"]
    assert (loaded.progress, loaded.threads) == ({"step": 5, "accuracies": [0.5]}, 2)


def test_a_truncated_checkpoint_is_refused_at_every_length(path: Path) -> None:
    save_checkpoint(path, checkpoint())
    content = path.read_bytes()
    for size in range(0, len(content) - 1, len(content) // 40):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError, match=r"damaged.*Delete it to begin again at step 0"):
            load_checkpoint(path, "run")


@pytest.mark.parametrize("content", [{"version": 2}, [], {"version": 2, "run_id": "run"}, 3], ids=str)
def test_other_content_is_refused(path: Path, content: Any) -> None:
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path, "run")


def test_a_pickle_is_not_loaded(path: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "evil",))

    torch.save({"version": 1, "run_id": Evil()}, path)
    with pytest.raises(CheckpointError):
        load_checkpoint(path, "run")
    assert not (tmp_path / "evil").exists()


def test_a_checkpoint_of_another_run_or_format_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(path, checkpoint())
    with pytest.raises(CheckpointError, match="belongs to run run, not to other"):
        load_checkpoint(path, "other")
    monkeypatch.setattr(module, "FORMAT_VERSION", 99)
    with pytest.raises(CheckpointError, match="has format 2; this rsdash reads format 99"):
        load_checkpoint(path, "run")
    torch.save({"version": 3, "of": "later"}, path)
    with pytest.raises(CheckpointError, match="has format 3; this rsdash reads format 99"):
        load_checkpoint(path, "run")


def test_a_good_checkpoint_that_cannot_be_read_now_is_not_called_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(path, checkpoint())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(CheckpointError, match=r"cannot be opened \(Too many open files\)"):
            load_checkpoint(path, "run")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    short = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 700 MB.")
    monkeypatch.setattr(torch, "load", raising(short))
    with pytest.raises(RuntimeError, match="can't allocate"):
        load_checkpoint(path, "run")


def log_of(path: Path) -> Path:
    """The log of what happened before a checkpoint."""
    log = path.with_name("metrics.jsonl")
    log.touch()
    return log


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def test_the_writer_keeps_what_the_tensors_were_when_it_was_asked(path: Path) -> None:
    writer = CheckpointWriter(path, log_path=log_of(path))
    living = checkpoint()
    writer.start(living)
    living.model["weight"].zero_()
    living.optimizer["state"][0]["step"].zero_()
    writer.wait()
    loaded = load_checkpoint(path, "run")
    assert torch.equal(loaded.model["weight"], torch.ones(1_000))
    assert loaded.optimizer["state"][0]["step"] == 3
    assert (writer.written_step, writer.busy) == (5, False)


class FullDisk(io.BytesIO):
    """Takes a hundred kB and then no more."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk_is_a_storage_error_and_the_former_checkpoint_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(path, checkpoint())

    def write_to_full_disk(target: Path, write: Any) -> None:
        with storage_errors(target.parent):
            write(FullDisk())

    monkeypatch.setattr(module, "write_atomic", write_to_full_disk)
    writer = CheckpointWriter(path, log_path=log_of(path))
    large = Checkpoint(**{**vars(checkpoint(step=9)), "model": {"weight": torch.zeros(100_000)}})
    writer.start(large)
    with pytest.raises(StorageError, match="is full"):
        writer.wait()
    assert writer.written_step is None
    assert load_checkpoint(path, "run").progress["step"] == 5
    writer.wait()  # told once


def test_a_checkpoint_that_found_no_room_is_tried_once_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, tries = save_checkpoint, []

    def save_the_second_time(target: Path, one: Checkpoint) -> None:
        tries.append(target)
        if len(tries) == 1:
            raise StorageError("The disk is full.")
        save(target, one)

    monkeypatch.setattr(module, "save_checkpoint", save_the_second_time)
    monkeypatch.setattr(module, "RETRY_S", 60.0)
    writer = CheckpointWriter(path, log_path=log_of(path))
    writer.start(checkpoint())
    wait_for(lambda: bool(writer.trouble), "the first try")
    writer.check()
    assert (writer.trouble, writer.busy, writer.written_step) == ("The disk is full.", True, None)
    writer.wait()  # hurries
    assert (writer.trouble, writer.written_step, len(tries)) == ("", 5, 2)


def test_a_checkpoint_that_failed_for_good_is_told_without_waiting_for_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(target: Path, one: Checkpoint) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(module, "save_checkpoint", refuse)
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    writer = CheckpointWriter(path, log_path=log_of(path))
    writer.start(checkpoint())
    wait_for(lambda: not writer.busy, "both tries")
    with pytest.raises(StorageError, match="is full"):
        writer.check()


def test_what_happened_before_a_checkpoint_is_on_disk_before_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, order = log_of(path), []
    monkeypatch.setattr(module, "bring_to_disk", order.append)
    monkeypatch.setattr(module, "save_checkpoint", lambda target, _: order.append(target))
    writer = CheckpointWriter(path, log_path=log)
    writer.start(checkpoint())
    writer.wait()
    assert order == [log, path]
