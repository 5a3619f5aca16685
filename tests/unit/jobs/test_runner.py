"""The job runner with workers that only hold their lock: order, slots, adoption, shutdown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsdash.errors import RunError, StorageError
from rsdash.jobs.devices import Slot, slots_for
from rsdash.jobs.queue import waiting_runs
from rsdash.jobs.requests import delete_run, request_cancel, request_pause, request_stop
from rsdash.jobs.runner import JobRunner
from rsdash.runs.commands import Action, append_command, read_commands
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.states import Interruption, RunState
from tests.tiny import make_run, wait_for

GPUS = (Slot("GPU-a", "one", 1), Slot("GPU-b", "two", 1))
CPU = Slot("cpu", "CPU", 1)


class HeldRun:
    """Stands for a worker: shares the lock's open file, as an inherited descriptor does."""

    def __init__(self, folder: RunFolder, lock: Lock) -> None:
        self.folder = folder
        self._lock = Lock(os.dup(lock.descriptor))
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._code

    def terminate(self) -> None:
        raise NotImplementedError

    def end(self, code: int, **state: object) -> None:
        if state:
            self.folder.write_state(**state)
        self._code = code
        self._lock.release()


class HoldingExecutor:
    """Launches runs that do nothing but live."""

    def __init__(self) -> None:
        self.launched: list[HeldRun] = []
        self.slots: list[str] = []

    def launch(self, folder: RunFolder, lock: Lock, slot: str) -> HeldRun:
        self.launched.append(HeldRun(folder, lock))
        self.slots.append(slot)
        return self.launched[-1]


@pytest.fixture
def executor() -> Iterator[HoldingExecutor]:
    holding = HoldingExecutor()
    yield holding
    for run in holding.launched:
        run.end(0)


@pytest.fixture
def runner(tmp_path: Path, executor: HoldingExecutor) -> Iterator[JobRunner]:
    made = JobRunner(tmp_path, RunIndex(tmp_path), executor)
    yield made
    made.stop(suspend_workers=False)


def launched(executor: HoldingExecutor, runner: JobRunner, count: int) -> list[HeldRun]:
    def enough() -> bool:
        runner.wake()
        return len(executor.launched) >= count

    wait_for(enough, f"{count} launched runs", deadline_s=10)
    return executor.launched


def entry(folder: RunFolder) -> RunEntry:
    return RunIndex(folder.path.parent).refresh().find(folder.id)


def ends_as(folder: RunFolder, runner: JobRunner, state: RunState) -> None:
    def reached() -> bool:
        runner.wake()
        return folder.state().state is state

    wait_for(reached, f"{folder.id} to be {state}", deadline_s=10)


def test_a_run_that_cannot_be_held_does_not_hold_up_others(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor
) -> None:
    broken, ended, good = make_run(tmp_path), make_run(tmp_path, state=RunState.FAILED), make_run(tmp_path)
    append_command(ended.commands_path, Action.RESUME)
    for folder in (broken, ended):  # as where the file belongs to another user
        folder.lock_path.unlink(missing_ok=True)
        folder.lock_path.mkdir()
    runner.start()
    assert [run.folder for run in launched(executor, runner, 1)] == [good]


def test_runs_that_are_resumed_together_are_launched_in_the_order_of_the_page(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor
) -> None:
    make_run(tmp_path, name="waits").write_about(queue_position=1.0)
    folders = [make_run(tmp_path, name=name, state=RunState.INTERRUPTED) for name in "abc"]
    for folder in folders:
        append_command(folder.commands_path, Action.RESUME)
    runner.start()
    first = launched(executor, runner, 1)[0].folder
    waiting = waiting_runs(RunIndex(tmp_path).refresh().entries)
    positions = [folder.about().queue_position for folder in folders]
    assert len(set(positions)) == 3 and first.about().queue_position == min(positions)
    assert len(waiting) == 3 and waiting[-1].name == "waits"


def test_a_death_on_a_full_disk_is_told_once_and_with_its_cause(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path)
    runner.start()
    [run] = launched(executor, runner, 1)
    tries: list[Path] = []

    def full(path: Path, text: str) -> None:
        tries.append(path)
        raise StorageError("The disk is full.")

    with monkeypatch.context() as disk:
        disk.setattr("rsdash.runs.folder.write_text", full)
        run.end(-9)
        wait_for(lambda: bool(runner.wake()) or len(tries) >= 3, "three tries", deadline_s=10)
    ends_as(folder, runner, RunState.INTERRUPTED)
    assert folder.state().reason is Interruption.KILLED and "SIGKILL" in folder.state().message
    wait_for(lambda: folder.metrics_path.exists(), "the alert")
    assert [line.fields["code"] for line in read_lines(folder.metrics_path)] == ["killed"]


def test_the_queue_is_drained_one_at_a_time_lowest_position_first(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor
) -> None:
    late, first, middle = (make_run(tmp_path) for _ in range(3))
    for folder, position in ((late, 3.0), (first, 1.0), (middle, 2.0)):
        folder.write_about(queue_position=position)
    runner.start()
    for count, folder in enumerate((first, middle, late), start=1):
        run = launched(executor, runner, count)[-1]
        assert run.folder == folder and len(executor.launched) == count
        state = folder.state()
        assert (state.state, state.attempt, state.fruitless) == (RunState.STARTING, 1, 1)
        run.end(0, state=RunState.CANCELLED)


def test_runs_on_different_slots_train_side_by_side(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.runner.find_slots", lambda: (*GPUS, CPU))
    wanted = ["auto", "cpu", "auto", "cuda:0"]
    folders = [make_run(tmp_path, device=device) for device in wanted]
    runner.start()
    launched(executor, runner, 3)
    assert executor.slots == ["GPU-a", "cpu", "GPU-b"]  # the fourth waits for the first
    assert [folder.state().slot for folder in folders] == ["GPU-a", "cpu", "GPU-b", ""]
    assert folders[3].state().state is RunState.QUEUED


def test_a_run_whose_device_is_gone_says_so_and_is_launched_once_it_is_there(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.runner.find_slots", lambda: (GPUS[0], CPU))
    folder = make_run(tmp_path, device="GPU-b")
    runner.start()
    wait_for(lambda: "device=GPU-b" in folder.state().message, "the run to say what it waits for")
    runner.stop(suspend_workers=False)
    monkeypatch.setattr("rsdash.jobs.runner.find_slots", lambda: (*GPUS, CPU))
    later = JobRunner(tmp_path, RunIndex(tmp_path), executor)
    later.start()
    try:
        launched(executor, later, 1)
        assert folder.state().message == ""
    finally:
        later.stop(suspend_workers=False)


@pytest.mark.parametrize(
    ("device", "slots", "expected"),
    [
        ("auto", (*GPUS, CPU), ["GPU-a", "GPU-b"]),
        ("auto", (CPU,), ["cpu"]),
        ("cpu", (*GPUS, CPU), ["cpu"]),
        ("cuda:1", (*GPUS, CPU), ["GPU-b"]),
        ("cuda:2", (*GPUS, CPU), []),
        ("GPU-b", (*GPUS, CPU), ["GPU-b"]),
        ("cuda", (*GPUS, CPU), ["GPU-a", "GPU-b"]),
        ("cuda", (CPU,), []),
        ("cuda:x", (*GPUS, CPU), []),
    ],
)
def test_a_device_setting_names_slots(device: str, slots: tuple[Slot, ...], expected: list[str]) -> None:
    assert [slot.id for slot in slots_for(device, slots)] == expected


def test_a_death_is_seen_with_its_exit_code(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor
) -> None:
    folder = make_run(tmp_path)
    runner.start()
    launched(executor, runner, 1)[0].end(-9)
    ends_as(folder, runner, RunState.INTERRUPTED)
    assert folder.state().reason is Interruption.KILLED
    assert len(executor.launched) == 1  # a killed run waits for a person


def test_a_living_run_found_at_the_start_is_adopted_and_keeps_its_slot(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor
) -> None:
    orphan = make_run(tmp_path, state=RunState.RUNNING)
    lock = Lock.take(orphan.lock_path)
    assert lock
    waiting = make_run(tmp_path)
    runner.start()
    wait_for(lambda: runner.in_charge, "the runner to be in charge")
    request_cancel(entry(waiting))
    ends_as(waiting, runner, RunState.CANCELLED)  # a whole tick has passed
    assert orphan.state().state is RunState.RUNNING and executor.launched == []
    lock.release()
    ends_as(orphan, runner, RunState.INTERRUPTED)
    assert orphan.state().reason is Interruption.VANISHED


def test_a_launch_that_fails_fails_the_run_and_not_the_runner(tmp_path: Path) -> None:
    class Refusing(HoldingExecutor):
        def launch(self, folder: RunFolder, lock: Lock, slot: str) -> HeldRun:
            raise StorageError("worker.log cannot be written")

    folders = [make_run(tmp_path) for _ in range(2)]
    runner = JobRunner(tmp_path, RunIndex(tmp_path), Refusing())
    runner.start()
    try:
        for folder in folders:
            ends_as(folder, runner, RunState.FAILED)
            assert "worker.log cannot be written" in folder.state().message
    finally:
        runner.stop(suspend_workers=False)


def test_a_second_runner_waits_until_the_first_leaves(
    tmp_path: Path, runner: JobRunner, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.runner.STANDBY_S", 0.05)
    runner.start()
    wait_for(lambda: runner.in_charge, "the first runner to be in charge")
    other = JobRunner(tmp_path, RunIndex(tmp_path), HoldingExecutor())
    other.start()
    try:
        folder = make_run(tmp_path)
        launched(executor, runner, 1)
        assert not other.in_charge
        runner.stop(suspend_workers=False)
        wait_for(lambda: other.in_charge, "the second runner to be in charge")
        executor.launched[0].end(1, state=RunState.FAILED)
        assert folder.state().state is RunState.FAILED
    finally:
        other.stop(suspend_workers=False)


def test_a_shutdown_asks_living_runs_only_and_they_resume_until_two_attempts_were_fruitless(
    tmp_path: Path, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.runner.SHUTDOWN_WAIT_S", 0.3)
    folder, waiting = make_run(tmp_path), make_run(tmp_path)
    for attempt in (1, 2):
        runner = JobRunner(tmp_path, RunIndex(tmp_path), executor)
        runner.start()
        launched(executor, runner, attempt)
        runner.stop(suspend_workers=True)
        asked = read_commands(folder.commands_path, folder.state().commands_end)
        assert [(command.action, command.reason) for command in asked] == [(Action.SUSPEND, "shutdown")]
        executor.launched[-1].end(
            1, state=RunState.INTERRUPTED, reason=Interruption.SHUTDOWN, commands_end=asked[-1].end
        )
    assert not waiting.commands_path.exists()
    assert [run.folder for run in executor.launched] == [folder, folder]
    runner = JobRunner(tmp_path, RunIndex(tmp_path), executor)
    runner.start()
    assert launched(executor, runner, 3)[-1].folder == waiting  # the slot is free: the other gave up
    runner.stop(suspend_workers=False)
    assert folder.state().state is RunState.INTERRUPTED


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FINISHED])
def test_requests_that_cannot_be_carried_out_are_refused_when_asked(tmp_path: Path, state: RunState) -> None:
    folder = make_run(tmp_path, name="mine", state=state)
    for ask in (request_stop, request_pause):
        with pytest.raises(RunError, match=f"mine is {state.lower()} and cannot be"):
            ask(entry(folder))
    assert not folder.commands_path.exists()


def test_deleting_needs_an_ended_run_that_nobody_holds(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.CANCELLED)
    with Lock.take(folder.lock_path) or pytest.fail("no lock"), pytest.raises(RunError, match="still held"):
        delete_run(entry(folder))
    delete_run(entry(folder))
    assert not folder.path.exists()
