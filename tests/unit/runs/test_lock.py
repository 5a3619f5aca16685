"""Proof of life: one holder, handover to a child, and freedom the moment the holder dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rsdash.errors import RunError
from rsdash.runs import lock as lock_module
from rsdash.runs.lock import LOCK_VARIABLE, Lock, is_free, require_working_locks
from tests.tiny import wait_for

HOLD = """
import sys
from pathlib import Path
from rsdash.runs.lock import Lock
lock = Lock.take(Path(sys.argv[1]))
print("held" if lock else "refused", flush=True)
sys.stdin.read()
"""
INHERIT = """
import os, sys
from rsdash.runs.lock import LOCK_VARIABLE, Lock
lock = Lock.handed_over(int(os.environ[LOCK_VARIABLE]))
lock.close_in_children()
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("inherited", os.get_inheritable(lock.descriptor), flush=True)
sys.stdin.read()
"""


def start(code: str, path: Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,  # pyright: ignore[reportArgumentType, reportCallIssue]  # options of Popen
    )


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_second_process_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    path = tmp_path / "worker.lock"
    holder = start(HOLD, path)
    try:
        assert said(holder) == "held"
        assert Lock.take(path) is None
        assert not is_free(path)
        other = start(HOLD, path)
        assert said(other) == "refused"
        end(other)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert is_free(path)
    finally:
        end(holder)


def test_waiting_gets_a_lock_that_is_released_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "worker.lock"
    holder = start(HOLD, path)
    assert said(holder) == "held"
    os.kill(holder.pid, signal.SIGKILL)
    with Lock.take(path, wait_s=10) or pytest.fail("the lock was not taken"):
        assert Lock.take(path, wait_s=0.05) is None
    end(holder)


def test_a_lock_handed_over_lives_and_dies_with_the_child(tmp_path: Path) -> None:
    path = tmp_path / "worker.lock"
    lock = Lock.take(path)
    assert lock
    environment = {**os.environ, LOCK_VARIABLE: str(lock.descriptor)}
    child = start(INHERIT, path, pass_fds=(lock.descriptor,), env=environment)
    try:
        assert said(child) == "inherited False"
        lock.release()
        assert not is_free(path)
        child.kill()  # its forked child lives on, but gave up its copy
        child.wait()
        wait_for(lambda: is_free(path), "the lock to be free", deadline_s=5)
    finally:
        end(child)


def test_releasing_twice_closes_nothing_else(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path / "a.lock")
    assert lock
    number = lock.descriptor
    lock.release()
    reused = os.open(tmp_path / "b", os.O_CREAT | os.O_RDWR)
    lock.release()
    assert reused == number
    os.close(reused)  # fails if the second release had closed it


def test_working_locks_leave_nothing_behind(tmp_path: Path) -> None:
    require_working_locks(tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module.fcntl, "flock", lambda *_: None)  # as on mounts that ignore flock
    with pytest.raises(RunError, match="no working file locks"):
        require_working_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []
