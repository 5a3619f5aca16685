"""Real workers that are steered on their way, run out of memory, or meet a loss that is no number."""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path

import psutil
import pytest
import safetensors.torch
import torch

from rsdash.jobs.requests import request_changes, request_pause, request_resume
from rsdash.runs.amendments import Amendment, read_amendments
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.faults.bench import Bench, entry, history, reach, steps_taken
from tests.tiny import wait_for

SLOW_S = 180.0
"""For what takes seconds on an idle machine."""
LOOKS = 20
INJECTED = Path(__file__).parent / "injected"


def answered(folder: RunFolder, request: str, *, deadline_s: float = 10.0) -> None:
    def found() -> bool:
        return any(line.fields.get("command") == request for line in read_lines(folder.metrics_path))

    wait_for(found, f"an answer to {request}", deadline_s=deadline_s)


def alerts(folder: RunFolder, code: str) -> list[str]:
    return [n.text for n in history(folder).notices if n.fields.get("code") == code]


def test_a_rate_and_a_length_changed_on_the_way_survive_a_kill(bench: Bench) -> None:
    folder = bench.submit(checkpoint_minutes=5)
    runner = bench.start_runner()
    wait_for(lambda: steps_taken(folder) > 3, "the first steps")
    answered(folder, *request_changes(entry(folder), learning_rate=0.0002))
    [rate] = read_amendments(folder.metrics_path)
    wait_for(lambda: steps_taken(folder) > rate.step + 3, "steps at the new rate")
    rates = {row.fields["step"]: row.fields["learning_rate"] for row in read_lines(folder.metrics_path)
             if row.fields["kind"] == "step"}  # fmt: skip
    assert rates[rate.step] == 0.0005 and rates[rate.step + 1] == 0.0002

    bench.executor.launched[-1].send_signal(signal.SIGKILL)
    reach(folder, RunState.INTERRUPTED)
    assert folder.state().checkpoint_step is None
    epochs = rate.step // 3 + 10
    answered(folder, *request_changes(entry(folder), epochs=epochs))
    assert len(bench.executor.launched) == 1, "the runner answers"
    request_resume(entry(folder))
    reach(folder, RunState.FINISHED)
    assert folder.state().summary.epoch == epochs

    runner.stop(suspend_workers=False)  # nobody may launch it before it is amended
    twin = bench.submit(checkpoint_minutes=5, epochs=epochs)
    twin.amend(rate)
    bench.start_runner()
    reach(twin, RunState.FINISHED)
    left, right = (safetensors.torch.load_file(run.weights_path) for run in (folder, twin))
    assert all(torch.equal(left[name], right[name]) for name in left | right)


def test_memory_that_runs_out_in_a_step_halves_the_parts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(INJECTED))
    monkeypatch.setenv("RSDASH_TEST_FAULT", "memory:4")
    folder = bench.submit(epochs=4)
    bench.start_runner()
    reach(folder, RunState.FINISHED)
    assert folder.state().amendments == (Amendment(step=4, setting="accumulation", value=2),)
    assert entry(folder).config.accumulation == 2
    [text] = alerts(folder, "memory")
    assert "Memory ran out in step 5" in text and "2 parts instead of 1" in text


def test_a_weight_that_is_no_number_fails_the_run_and_the_last_good_checkpoint_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bench.submit(epochs=200)
    runner = bench.start_runner()
    wait_for(lambda: steps_taken(folder) > 3, "the first steps")
    request_pause(entry(folder))
    reach(folder, RunState.INTERRUPTED)
    good = folder.state().checkpoint_step
    assert good
    runner.wake()
    monkeypatch.setenv("PYTHONPATH", str(INJECTED))
    monkeypatch.setenv("RSDASH_TEST_FAULT", "nan:5")
    request_resume(entry(folder))
    reach(folder, RunState.FAILED)
    failed = folder.state()
    assert f"The training loss is no longer a number at step {good + 6}" in failed.message
    assert "features.conv1.weight" in failed.message and f"the checkpoint at step {good}" in failed.message
    assert failed.checkpoint_step == good and alerts(folder, "nan") == [failed.message]

    monkeypatch.delenv("RSDASH_TEST_FAULT")
    runner.wake()
    request_resume(entry(folder))
    wait_for(lambda: folder.state().state is not RunState.FAILED, "the runner to take it up")
    reach(folder, RunState.FINISHED)


def memory_of(worker: psutil.Process, folder: RunFolder, steps: int) -> tuple[int, int]:
    """Smallest and largest address space of a worker over some steps, in bytes."""
    sizes, last, end = [], steps_taken(folder) + steps, time.monotonic() + SLOW_S
    while steps_taken(folder) < last:
        assert time.monotonic() < end, "the steps take too long"
        for _ in range(LOOKS):
            sizes.append(worker.memory_info().vms)
            time.sleep(0.002)
    return min(sizes), max(sizes)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_an_address_space_that_becomes_too_small_halves_the_parts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MMAP_THRESHOLD", "TRIM_THRESHOLD", "TOP_PAD"):
        monkeypatch.setenv(f"MALLOC_{name}_", str(2**17))  # freed memory goes back, so that peaks show
    folder = bench.submit(im_size=128, batch_size=32, model="resnet18", width=1.0, hidden_layers=2)
    bench.start_runner()
    wait_for(lambda: steps_taken(folder) > 2, "the first steps", deadline_s=120)
    worker = psutil.Process(bench.executor.launched[-1].pid)
    low, high = memory_of(worker, folder, 5)
    limit = low + int(0.8 * (high - low))
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (limit, limit))
    wait_for(lambda: bool(alerts(folder, "memory")), "the alert", deadline_s=SLOW_S)
    step = folder.state().amendments[0].step
    wait_for(lambda: steps_taken(folder) > step + 1, "steps in parts", deadline_s=SLOW_S)
    assert folder.state().state is RunState.RUNNING
