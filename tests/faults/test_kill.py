"""Workers and runners that are killed: nothing recorded is lost, and no run has two workers."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import safetensors.torch
import torch

from rsdash.inference.predictor import Predictor
from rsdash.jobs.requests import request_cancel, request_resume
from rsdash.runs.states import LIVING, Interruption, RunState
from tests.faults.bench import LONG, Bench, entry, history, reach, steps_taken, worker_count
from tests.faults.conftest import EPOCHS, RECIPE, Finished
from tests.tiny import SMALL_MODEL, run_folders, wait_for


def test_a_worker_killed_at_start_and_in_training_ends_with_its_twins_weights(
    twins_bench: Bench, finished: Finished
) -> None:
    folder = twins_bench.submit(**RECIPE)
    twins_bench.start_runner()
    launched = twins_bench.executor.launched
    for attempt in (1, 2, 3):
        wait_for(lambda count=attempt: len(launched) == count, f"attempt {attempt}")
        if attempt == 2:
            wait_for(lambda: steps_taken(folder) > 10 and folder.checkpoint_path.exists(), "a checkpoint")
        else:
            assert folder.state().state is RunState.STARTING
        if attempt < 3:
            assert folder.state().state in LIVING, "it ended before it was killed"
            os.kill(launched[-1].pid, signal.SIGKILL)
            reach(folder, RunState.INTERRUPTED)
            state = folder.state()
            assert (state.reason, state.attempt) == (Interruption.KILLED, attempt)
            assert "SIGKILL" in state.message
            request_resume(entry(folder))
    reach(folder, RunState.FINISHED)

    resumed = [notice.fields["step"] for notice in history(folder).notices if notice.kind == "resume"]
    assert resumed[0] == 0 and 0 < resumed[1] < 3 * EPOCHS
    weights, twins = (safetensors.torch.load_file(run.weights_path) for run in (folder, finished.folder))
    assert weights.keys() == twins.keys()
    assert all(torch.equal(weights[name], twins[name]) for name in weights)
    with np.load(folder.evaluation_path) as mine, np.load(finished.folder.evaluation_path) as twin:
        assert all((mine[name] == twin[name]).all() for name in twin.files)
    epochs, twins_epochs = history(folder).epochs, history(finished.folder).epochs
    assert epochs["epoch"].tolist() == list(range(1, EPOCHS + 1))
    for column in ("step", "loss", "accuracy", "train_accuracy"):
        assert epochs[column].tolist() == twins_epochs[column].tolist()
    assert folder.state().summary.accuracy == finished.folder.state().summary.accuracy


def test_a_worker_outlives_its_killed_runner_and_the_next_runner_adopts_it(bench: Bench) -> None:
    options = [f"--set={name}={value}" for name, value in {**SMALL_MODEL, "epochs": LONG}.items()]
    first = bench.start("train", f"--data={bench.tiles}", *options)
    wait_for(lambda: len(run_folders(bench.runs_dir)) == 1, "the run")
    [folder] = run_folders(bench.runs_dir)
    reach(folder, RunState.RUNNING)
    first.kill()
    first.wait()
    seen = steps_taken(folder)
    wait_for(lambda: steps_taken(folder) > seen, "more steps without a runner")

    exit_code, printed = bench.run("worker", folder.path)
    assert exit_code == 2 and "held by another process" in printed
    assert len(folder.environment().attempts) == 1 and "held" not in folder.log_tail()

    bench.start_runner()
    seen = steps_taken(folder)
    wait_for(lambda: bench.runners[0].in_charge and steps_taken(folder) > seen, "more steps with a runner")
    assert worker_count(folder) == 1
    assert (folder.state().state, folder.state().attempt) == (RunState.RUNNING, 1)
    request_cancel(entry(folder))
    reach(folder, RunState.CANCELLED)
    wait_for(lambda: worker_count(folder) == 0, "the worker to be gone")
    assert bench.executor.launched == []


def test_the_predictor_gives_the_probabilities_of_the_saved_logits(finished: Finished) -> None:
    with np.load(finished.folder.evaluation_path) as saved:
        logits, rows = saved["logits"], saved["rows"]
        classes = saved["classes"].tolist()
    names = sorted(
        str(path.relative_to(finished.tiles))
        for path in finished.tiles.rglob("*.*")
        if path not in (finished.text_file, finished.huge_image)
    )
    images = [(names[row], (finished.tiles / names[row]).read_bytes()) for row in rows]
    found = Predictor(finished.folder.weights_path).predict(images, top=3)
    expected = torch.from_numpy(logits).double().softmax(1).numpy()
    for prediction, row in zip(found, expected, strict=True):
        by_class = dict(zip(prediction.classes, prediction.probabilities, strict=True))
        assert [by_class[name] for name in classes] == pytest.approx(row.tolist(), abs=1e-5)
        assert list(prediction.probabilities) == sorted(prediction.probabilities, reverse=True)
