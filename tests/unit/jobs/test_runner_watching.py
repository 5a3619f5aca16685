"""The job runner watches over workers: deaths, adoption, a second runner, shutdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import StorageError
from rsdash.jobs.requests import request_cancel
from rsdash.jobs.runner import JobRunner
from rsdash.runs.commands import Action, append_command, read_commands
from rsdash.runs.events import read_lines
from rsdash.runs.index import RunIndex
from rsdash.runs.lock import Lock, is_free
from rsdash.runs.states import Interruption, RunState
from rsdash.training.attempt import announce
from tests.holding import CPU, GPUS, HoldingExecutor, ends_as, entry, launched
from tests.tiny import make_run, wait_for


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
    wait_for(lambda: bool(list(read_lines(folder.metrics_path))), "the alert")
    assert [line.fields["code"] for line in read_lines(folder.metrics_path)] == ["killed"]


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


def test_a_shutdown_reaches_the_other_runs_where_one_cannot_be_written(
    tmp_path: Path, executor: HoldingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsdash.jobs.runner.SHUTDOWN_WAIT_S", 0.3)
    monkeypatch.setattr("rsdash.jobs.runner.find_slots", lambda: (*GPUS, CPU))
    full, other = (make_run(tmp_path, device="cuda") for _ in range(2))
    orphan = make_run(tmp_path, state=RunState.RUNNING, device="cpu")  # whose worker nobody here has
    orphan_lock = Lock.take(orphan.lock_path)
    assert orphan_lock

    def ask(path: Path, action: Action, *, reason: str) -> str:
        if path != other.commands_path:
            raise StorageError("The disk is full.")
        return append_command(path, action, reason=reason)

    runner = JobRunner(tmp_path, RunIndex(tmp_path), executor)
    runner.start()
    workers = {run.folder.id: run for run in launched(executor, runner, 2)}
    monkeypatch.setattr("rsdash.jobs.runner.append_command", ask)
    runner.stop(suspend_workers=True)
    [asked] = read_commands(other.commands_path, 0)
    assert (asked.action, asked.reason) == (Action.SUSPEND, "shutdown")
    assert (workers[full.id].signalled, workers[other.id].signalled) == (True, False)
    assert not runner.in_charge and is_free(tmp_path / "runner.lock")
    orphan_lock.release()


def test_a_worker_started_by_hand_has_no_slot_of_an_earlier_attempt(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    assert folder.begin_attempt(slot="GPU-a").slot == "GPU-a"
    folder.write_state(state=RunState.INTERRUPTED, reason=Interruption.KILLED)
    state = announce(folder)
    assert (state.state, state.slot, state.attempt) == (RunState.STARTING, "", 2)
