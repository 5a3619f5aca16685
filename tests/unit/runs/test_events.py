"""The logs of JSON lines: torn, damaged and crowded, they lose nothing that was complete."""

from __future__ import annotations

import resource
import threading
from pathlib import Path

import pytest

from rsdash.errors import StorageError
from rsdash.runs.commands import Action, append_command, read_commands
from rsdash.runs.events import append_event, cut_torn_line, read_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def numbers(path: Path, start: int = 0) -> list[int]:
    return [line.fields["n"] for line in read_lines(path, start)]


def test_what_was_appended_is_read_from_any_lines_end(log: Path) -> None:
    for n in range(5):
        append_event(log, "step", n=n)
    lines = list(read_lines(log))
    assert [line.fields["kind"] for line in lines] == ["step"] * 5
    assert lines[-1].end == log.stat().st_size
    assert numbers(log, lines[2].end) == [3, 4]


def test_a_missing_log_is_empty(log: Path) -> None:
    assert numbers(log) == []
    cut_torn_line(log)
    assert not log.exists()


def test_a_torn_last_line_waits_until_it_is_complete(log: Path) -> None:
    append_event(log, "step", n=0)
    size = log.stat().st_size
    with log.open("ab") as file:
        file.write(b'{"kind":"step","n"')
    assert numbers(log) == [0]
    with log.open("ab") as file:
        file.write(b":1}\n")
    assert numbers(log, size) == [1]


def test_cutting_removes_the_torn_line_and_nothing_else(log: Path) -> None:
    append_event(log, "step", n=0)
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"kind":')
    cut_torn_line(log)
    assert log.read_bytes() == whole
    cut_torn_line(log)
    assert log.read_bytes() == whole


def test_cutting_a_log_that_is_one_torn_line_empties_it(log: Path) -> None:
    log.write_bytes(b'{"kind"')
    cut_torn_line(log)
    assert log.read_bytes() == b""


@pytest.mark.parametrize("garbage", [b"\n", b"\x00\xff\n", b"a\rb\n", b"[1, 2]\n", b"3\n", b'{"n": 1\n'])
def test_damaged_lines_are_passed_over(log: Path, garbage: bytes) -> None:
    append_event(log, "step", n=0)
    with log.open("ab") as file:
        file.write(garbage)
    append_event(log, "step", n=1)
    assert numbers(log) == [0, 1]
    assert list(read_lines(log))[-1].end == log.stat().st_size


def test_an_event_behind_a_torn_line_is_not_lost(log: Path) -> None:
    append_event(log, "step", n=0)
    with log.open("ab") as file:
        file.write(b'{"kind":"step","n":7')
    append_event(log, "step", n=1)
    assert numbers(log) == [0, 1]


def test_lines_of_many_writers_never_mix(log: Path) -> None:
    def write(base: int) -> None:
        for n in range(100):
            append_event(log, "step", n=base + n, text="ü" * 200)

    threads = [threading.Thread(target=write, args=(1000 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(log)) == sorted(1000 * t + n for t in range(4) for n in range(100))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match=r"full\. Free some space"):
        append_event(Path("/dev/full"), "step", n=0)


def test_a_line_that_fits_in_part_only_is_a_storage_error_and_the_next_one_is_whole(log: Path) -> None:
    append_event(log, "step", n=0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 10, limits[1]))
    try:
        with pytest.raises(StorageError, match="is full"):
            append_event(log, "step", n=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not log.read_bytes().endswith(b"\n")
    append_event(log, "step", n=2)
    assert numbers(log) == [0, 2]


def test_requests_come_back_in_order_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    first = append_command(path, Action.SUSPEND, reason="shutdown")
    append_event(path, "command", id="x", action="explode")
    second = append_command(path, Action.RESUME)
    commands = read_commands(path, 0)
    assert [(c.id, c.action, c.reason) for c in commands] == [
        (first, Action.SUSPEND, "shutdown"),
        (second, Action.RESUME, ""),
    ]
    assert commands[-1].end == path.stat().st_size
    assert [c.id for c in read_commands(path, commands[0].end)] == [second]
