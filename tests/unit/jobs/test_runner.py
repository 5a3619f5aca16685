"""The job runner launches what waits: order, slots, and what does not hold up others."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.errors import StorageError
from rsdash.jobs.queue import waiting_runs
from rsdash.jobs.runner import JobRunner
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.states import RunState
from tests.holding import CPU, GPUS, HeldRun, HoldingExecutor, ends_as, launched
from tests.tiny import make_run, wait_for


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
