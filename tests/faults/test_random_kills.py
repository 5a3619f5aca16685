"""Ten kills at random moments; run by name: pytest -m slow tests/faults."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
import safetensors.torch
import torch

from rsdash.jobs.requests import request_resume
from rsdash.runs.states import LIVING, Interruption, RunState
from tests.faults.bench import Bench, entry, history, reach, steps_taken
from tests.faults.conftest import EPOCHS, RECIPE, Finished
from tests.tiny import wait_for

LATEST_S = 3.0
"""A worker is killed at most so long after its first step."""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_a_run_killed_at_a_random_moment_ends_with_its_twins_weights(
    twins_bench: Bench, finished: Finished, number: int
) -> None:
    folder = twins_bench.submit(**RECIPE)
    twins_bench.start_runner()
    wait_for(lambda: steps_taken(folder) > 0, "the first step")
    time.sleep(random.Random(number).uniform(0, LATEST_S))
    seen = history(folder).epochs["accuracy"].tolist()
    if folder.state().state in LIVING:
        os.kill(twins_bench.executor.launched[-1].pid, signal.SIGKILL)
        reach(folder, RunState.INTERRUPTED)
        assert folder.state().reason is Interruption.KILLED
        request_resume(entry(folder))
        wait_for(lambda: folder.state().state is not RunState.INTERRUPTED, "the runner to take it up")
    reach(folder, RunState.FINISHED)
    weights, twins = (safetensors.torch.load_file(run.weights_path) for run in (folder, finished.folder))
    assert all(torch.equal(weights[name], twins[name]) for name in weights | twins)
    epochs = history(folder).epochs["accuracy"].tolist()
    assert len(epochs) == EPOCHS and epochs[: len(seen)] == seen
