"""Runs that no worker holds: what is asked of them is carried out, once."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from rsdash.errors import StorageError
from rsdash.jobs.unattended import carry_out, interrupt, may_resume_itself, requeue
from rsdash.runs.amendments import Amendment, read_amendments
from rsdash.runs.commands import Action, append_command
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.states import ENDED, Interruption, RunState
from tests.tiny import make_run


def outcomes(folder: RunFolder) -> list[tuple[str, str]]:
    return [
        (line.fields["command"], line.fields["outcome"])
        for line in read_lines(folder.metrics_path)
        if line.fields["kind"] == "acknowledgement"
    ]


def test_cancel_takes_a_waiting_run_out_of_the_queue(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    request = append_command(folder.commands_path, Action.CANCEL)
    assert carry_out(folder, front=0.0)
    assert folder.state().state is RunState.CANCELLED
    assert outcomes(folder) == [(request, "done")]


def shut_down(folder: RunFolder) -> RunFolder:
    """A run that a server's end interrupted, and that would go on by itself."""
    folder.write_state(reason=Interruption.SHUTDOWN, host=socket.gethostname(), checkpoint_step=7)
    return folder


def test_a_cancel_that_a_shutdown_came_before_holds(tmp_path: Path) -> None:
    folder = shut_down(make_run(tmp_path, state=RunState.INTERRUPTED))
    request = append_command(folder.commands_path, Action.CANCEL)
    assert carry_out(folder, front=0.0)
    state = folder.state()
    assert (state.state, state.reason) == (RunState.CANCELLED, None)
    assert outcomes(folder) == [(request, "done")]


def test_a_stop_that_a_shutdown_came_before_has_it_evaluated_as_it_goes_on(tmp_path: Path) -> None:
    folder = shut_down(make_run(tmp_path, state=RunState.INTERRUPTED))
    request = append_command(folder.commands_path, Action.STOP)
    assert carry_out(folder, front=0.0)
    state = folder.state()
    assert state.stopping and may_resume_itself(state, host=socket.gethostname())
    assert outcomes(folder) == [(request, "done")]


@pytest.mark.parametrize("state", sorted(ENDED - {RunState.FINISHED}))
def test_resume_puts_an_ended_run_at_the_front(tmp_path: Path, state: RunState) -> None:
    folder = make_run(tmp_path, state=state)
    folder.write_state(fruitless=2, message="died", checkpoint_step=7)
    append_command(folder.commands_path, Action.RESUME)
    carry_out(folder, front=-5.0)
    after = folder.state()
    assert (after.state, after.fruitless, after.message, after.reason) == (RunState.QUEUED, 0, "", None)
    assert folder.about().queue_position == -5.0


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (RunState.FINISHED, Action.RESUME),
        (RunState.STOPPED, Action.RESUME),  # its checkpoint is gone
        (RunState.FINISHED, Action.CANCEL),
        (RunState.INTERRUPTED, Action.SUSPEND),
        (RunState.QUEUED, Action.STOP),
        (RunState.QUEUED, Action.RESUME),
    ],
)
def test_what_makes_no_sense_is_refused_and_answered(tmp_path: Path, state: RunState, action: Action) -> None:
    folder = make_run(tmp_path, state=state)
    request = append_command(folder.commands_path, action)
    carry_out(folder, front=0.0)
    assert folder.state().state is state
    assert outcomes(folder) == [(request, "refused")]


@pytest.mark.parametrize("reason", [Interruption.SUSPENDED, Interruption.SHUTDOWN])
def test_a_pause_that_comes_when_the_run_has_left_is_done_and_keeps_it_paused(
    tmp_path: Path, reason: Interruption
) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED)
    folder.write_state(reason=reason)
    first = append_command(folder.commands_path, Action.SUSPEND, reason=Interruption.SUSPENDED.value)
    second = append_command(folder.commands_path, Action.SUSPEND, reason=Interruption.SHUTDOWN.value)
    carry_out(folder, front=0.0)
    assert outcomes(folder) == [(first, "done"), (second, "done")]
    assert folder.state().paused and folder.state().words == "paused"


def test_a_pause_of_a_run_that_was_killed_is_refused_in_the_words_of_its_badge(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED)
    folder.write_state(reason=Interruption.KILLED)
    append_command(folder.commands_path, Action.SUSPEND, reason=Interruption.SUSPENDED.value)
    carry_out(folder, front=0.0)
    [answer] = [line.fields for line in read_lines(folder.metrics_path)]
    assert answer["outcome"] == "refused" and answer["reason"] == "The run is interrupted (killed)."


def finished(tmp_path: Path, checkpoint_step: int | None) -> RunFolder:
    folder = make_run(tmp_path, state=RunState.FINISHED, epochs=3)
    summary = folder.state().summary.model_copy(update={"epoch": 3, "step": 9})
    folder.write_state(checkpoint_step=checkpoint_step, summary=summary)
    return folder


def test_more_epochs_bring_a_finished_run_back_into_the_queue(tmp_path: Path) -> None:
    folder = finished(tmp_path, checkpoint_step=9)
    request = append_command(folder.commands_path, Action.SET_EPOCHS, value=5)
    carry_out(folder, front=-2.0)
    assert folder.state().state is RunState.QUEUED
    assert folder.about().queue_position == -2.0
    assert outcomes(folder) == [(request, "done")]
    assert read_amendments(folder.metrics_path) == (Amendment(step=9, setting="epochs", value=5),)
    entry = RunIndex(tmp_path).refresh().find(folder.id)
    assert (entry.request.config.epochs, entry.config.epochs) == (3, 5)


@pytest.mark.parametrize(
    ("checkpoint_step", "epochs", "reason"),
    [(9, 3, "not more than the 3 that are done"), (9, 0, "greater than or equal to 1"), (None, 5, "deleted")],
)
def test_epochs_that_cannot_be_are_refused_with_the_reason(
    tmp_path: Path, checkpoint_step: int | None, epochs: int, reason: str
) -> None:
    folder = finished(tmp_path, checkpoint_step)
    append_command(folder.commands_path, Action.SET_EPOCHS, value=epochs)
    carry_out(folder, front=0.0)
    answer = [line.fields for line in read_lines(folder.metrics_path)][-1]
    assert answer["outcome"] == "refused" and reason in answer["reason"]
    assert folder.state().state is RunState.FINISHED and folder.state().amendments == ()


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.STOPPED])
def test_an_evaluated_run_keeps_the_rate_of_its_figures(tmp_path: Path, state: RunState) -> None:
    folder = make_run(tmp_path, state=state)
    folder.write_state(checkpoint_step=7)
    request = append_command(folder.commands_path, Action.SET_RATE, value=0.25)
    carry_out(folder, front=0.0)
    assert outcomes(folder) == [(request, "refused")]
    assert folder.state().amendments == () and folder.state().state is state


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.INTERRUPTED, RunState.FAILED])
def test_a_rate_is_changed_where_the_run_will_go_on(tmp_path: Path, state: RunState) -> None:
    folder = make_run(tmp_path, state=state)
    folder.write_state(checkpoint_step=7)
    append_command(folder.commands_path, Action.SET_RATE, value=0.25)
    carry_out(folder, front=0.0)
    assert folder.state().state is state
    assert folder.state().amendments == (Amendment(step=7, setting="learning_rate", value=0.25),)


def test_requests_are_carried_out_in_order_and_once(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    cancel = append_command(folder.commands_path, Action.CANCEL)
    resume = append_command(folder.commands_path, Action.RESUME)
    carry_out(folder, front=0.0)
    carry_out(folder, front=0.0)
    assert folder.state().state is RunState.QUEUED
    assert outcomes(folder) == [(cancel, "done"), (resume, "done")]


def test_a_run_that_is_held_is_left_alone(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.RUNNING)
    append_command(folder.commands_path, Action.CANCEL)
    with Lock.take(folder.lock_path) or pytest.fail("no lock"):
        assert not carry_out(folder, front=0.0)
        assert not interrupt(folder, exit_code=None)
        assert not requeue(folder)
    assert folder.state().state is RunState.RUNNING


def test_a_request_that_arrives_meanwhile_is_never_passed_over(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    asked: list[str] = []

    def ask() -> None:
        asked.extend(append_command(folder.commands_path, Action.STOP) for _ in range(400))

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():
        carry_out(folder, front=0.0)
    thread.join()
    carry_out(folder, front=0.0)
    assert [command for command, _ in outcomes(folder)] == asked


@pytest.mark.parametrize("action", [Action.RESUME, Action.CANCEL])
def test_a_request_that_the_disk_refuses_is_not_answered_until_it_is_done(
    tmp_path: Path, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED)
    request = append_command(folder.commands_path, action)

    def full(path: Path, text: str) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as disk, pytest.raises(StorageError):
        disk.setattr("rsdash.runs.folder.write_text", full)
        carry_out(folder, front=0.0)
    assert outcomes(folder) == [] and folder.state().state is RunState.INTERRUPTED
    assert carry_out(folder, front=0.0)
    assert outcomes(folder) == [(request, "done")]


@pytest.mark.parametrize("action", [Action.RESUME, Action.CANCEL])
def test_a_request_is_not_refused_because_it_was_carried_out_just_before_a_kill(
    tmp_path: Path, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED)
    append_command(folder.commands_path, action)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunFolder, "log_event", killed)
        carry_out(folder, front=0.0)
    assert folder.state().state is (RunState.QUEUED if action is Action.RESUME else RunState.CANCELLED)
    assert carry_out(folder, front=0.0)
    assert outcomes(folder) == []


def test_a_garbled_request_is_passed_over_for_good(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    folder.commands_path.write_bytes(b'garbage\n{"action":"explode"}\n')
    carry_out(folder, front=0.0)
    assert folder.state().commands_end == folder.commands_path.stat().st_size


@pytest.mark.parametrize(("checkpoint_step", "behind"), [(None, 0), (13, 4), (24, 7)])
def test_epochs_that_no_checkpoint_holds_do_not_count_as_done(
    tmp_path: Path, checkpoint_step: int | None, behind: int
) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED, epochs=10)
    summary = folder.state().summary.model_copy(update={"epoch": 7, "step": 24, "steps": 30})
    folder.write_state(checkpoint_step=checkpoint_step, summary=summary)
    for epochs in (behind, behind + 1):
        append_command(folder.commands_path, Action.SET_EPOCHS, value=max(epochs, 1))
    carry_out(folder, front=0.0)
    told = [outcome for _, outcome in outcomes(folder)]
    assert told == (["done", "done"] if behind == 0 else ["refused", "done"])


def test_a_run_that_waits_for_its_worker_is_as_long_as_it_was_asked_to_be(tmp_path: Path) -> None:
    folder = finished(tmp_path, checkpoint_step=9)
    folder.write_state(summary=folder.state().summary.model_copy(update={"steps": 9}))
    append_command(folder.commands_path, Action.SET_EPOCHS, value=6)
    carry_out(folder, front=0.0)
    state = folder.state()
    assert state.state is RunState.QUEUED
    assert (state.summary.step, state.summary.steps) == (9, 18)
    assert state.checkpoint_epoch(6) == 3.0


def test_epochs_done_are_the_same_whatever_length_was_asked_for_before(tmp_path: Path) -> None:
    folder = make_run(tmp_path, state=RunState.INTERRUPTED, epochs=10)
    summary = folder.state().summary.model_copy(update={"epoch": 7, "step": 24, "steps": 30})
    folder.write_state(checkpoint_step=13, summary=summary)
    for epochs in (5, 4):  # 4 are done
        append_command(folder.commands_path, Action.SET_EPOCHS, value=epochs)
    carry_out(folder, front=0.0)
    assert [outcome for _, outcome in outcomes(folder)] == ["done", "refused"]


def test_a_change_that_the_disk_refuses_is_not_answered_but_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path, state=RunState.FINISHED)
    folder.write_state(checkpoint_step=7)
    request = append_command(folder.commands_path, Action.SET_EPOCHS, value=99)

    def full(_: Path) -> None:
        raise StorageError("The disk of the runs is full.")

    with monkeypatch.context() as patch, pytest.raises(StorageError):
        patch.setattr("rsdash.runs.folder.bring_to_disk", full)
        carry_out(folder, front=0.0)
    assert outcomes(folder) == []
    assert carry_out(folder, front=0.0)
    assert outcomes(folder) == [(request, "done")]
    assert folder.state().state is RunState.QUEUED and folder.state().amendments[-1].value == 99
