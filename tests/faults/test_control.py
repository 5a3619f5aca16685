"""Stop, pause, resume and cancel of real workers, by request, by Ctrl-C and by the server's end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import httpx
import numpy as np

from rsdash.home import PROJECT_DIR
from rsdash.jobs.requests import request_cancel, request_pause, request_resume, request_stop
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import Interruption, RunState
from tests.faults.bench import (
    LONG,
    Bench,
    copy_of,
    entry,
    history,
    reach,
    steps_taken,
    worker_count,
    workers_of,
)
from tests.faults.conftest import Finished
from tests.tiny import SMALL_MODEL, run_folders, wait_for


def start_training(bench: Bench) -> tuple[subprocess.Popen[str], RunFolder]:
    """`train` of a long run, up to its first steps."""
    settings = {**SMALL_MODEL, "epochs": LONG, "data": bench.tiles}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    process = bench.start("train", *options)
    wait_for(lambda: len(run_folders(bench.runs_dir)) == 1, "the run")
    [folder] = run_folders(bench.runs_dir)
    wait_for(lambda: steps_taken(folder) > 0, "the first steps")
    return process, folder


def test_pause_resume_stop_and_cancel(bench: Bench) -> None:
    folder = bench.submit(validation_share=0.2)
    runner = bench.start_runner()
    wait_for(lambda: steps_taken(folder) > 3, "the first steps")

    request_pause(entry(folder))
    reach(folder, RunState.INTERRUPTED)
    paused = folder.state()
    assert (paused.reason, paused.fruitless) == (Interruption.SUSPENDED, 0)
    assert paused.checkpoint_step and folder.checkpoint_path.exists()
    assert paused.summary.role == "validation"  # the images that each epoch was measured on
    runner.wake()

    request_resume(entry(folder))
    wait_for(lambda: steps_taken(folder) > (paused.checkpoint_step or 0), "steps beyond the checkpoint")
    [resume] = [notice for notice in history(folder).notices if notice.kind == "resume"]
    assert resume.fields["step"] == paused.checkpoint_step  # nothing was lost
    request_stop(entry(folder))
    reach(folder, RunState.STOPPED)
    stopped = folder.state()
    assert folder.weights_path.exists() and stopped.summary.role == "held-out"
    with np.load(folder.evaluation_path) as saved:
        right = saved["logits"].argmax(1) == saved["labels"]
        assert stopped.summary.accuracy == right[saved["roles"] == "held-out"].mean()

    request_resume(entry(folder))
    wait_for(lambda: steps_taken(folder) > (stopped.checkpoint_step or LONG), "steps beyond the stop")
    request_cancel(entry(folder))
    wait_for(lambda: folder.state().state is RunState.STOPPED, "the run to be again what it was")
    assert folder.state().summary == stopped.summary
    assert [attempt["attempt"] for attempt in folder.environment().attempts] == [1, 2, 3]
    answers = [notice for notice in history(folder).notices if notice.kind == "acknowledgement"]
    asked = ["suspend", "resume", "stop", "resume", "cancel"]
    assert [(a.fields["action"], a.fields["outcome"]) for a in answers] == [(name, "done") for name in asked]


def test_ctrl_c_detaches_and_the_run_goes_on(bench: Bench) -> None:
    process, folder = start_training(bench)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Detached" in printed and "goes on" in printed and "Traceback" not in printed
    seen = steps_taken(folder)
    wait_for(lambda: steps_taken(folder) > seen, "more steps")
    assert (worker_count(folder), folder.state().state) == (1, RunState.RUNNING)


def test_a_stop_that_arrives_with_the_figures_does_not_throw_them_away(
    twins_bench: Bench, finished: Finished
) -> None:
    folder = copy_of(finished.folder, twins_bench.runs_dir, RunState.INTERRUPTED)
    folder.evaluation_path.unlink()
    append_command(folder.commands_path, Action.STOP)  # its epochs are done: first read when evaluating
    exit_code, _ = twins_bench.run("worker", folder.path)
    assert (exit_code, folder.state().state) == (0, RunState.FINISHED)
    assert folder.state().summary.accuracy == finished.folder.state().summary.accuracy
    assert folder.evaluation_path.exists()


def test_train_stays_with_a_run_that_was_shut_down_and_resumed_and_exits_1_once_it_is_cancelled(
    bench: Bench,
) -> None:
    process, folder = start_training(bench)
    workers_of(folder.path)[0].terminate()  # as a server that is stopped does
    wait_for(lambda: folder.state().attempt == 2, "the second attempt")
    wait_for(lambda: folder.state().state is RunState.RUNNING, "the run to go on")
    assert process.poll() is None
    request_cancel(entry(folder))
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cancelled" in printed
    assert folder.state().state is RunState.CANCELLED


def test_a_server_that_is_asked_to_stop_suspends_its_run_which_resumes_by_itself(bench: Bench) -> None:
    folder = bench.submit()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            f"--server.port={port}",
            "--server.headless=true",
        ],
        cwd=PROJECT_DIR,
        env=bench.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    bench.processes.append(server)
    wait_for(lambda: steps_taken(folder) > 3, "the server's worker to train")
    assert httpx.get(f"http://127.0.0.1:{port}/_stcore/health", trust_env=False).is_success
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)
    reach(folder, RunState.INTERRUPTED)
    left = folder.state()
    assert (left.reason, left.attempt) == (Interruption.SHUTDOWN, 1)
    assert left.checkpoint_step == steps_taken(folder)

    bench.start_runner()
    wait_for(lambda: steps_taken(folder) > (left.checkpoint_step or LONG), "the run to resume by itself")
    assert folder.state().attempt == 2
