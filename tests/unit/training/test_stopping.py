"""A stop that was asked for is kept, whatever happens before the figures are there."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest

from rsdash.data import add_dataset
from rsdash.errors import StorageError
from rsdash.jobs.unattended import carry_out, interrupt
from rsdash.runs.amendments import Amendment
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.training.checkpoint import Checkpoint, CheckpointWriter
from rsdash.training.control import Control, Ending, Request, Standing
from rsdash.training.session import STOPPED_EMPTY
from tests.holding import entry
from tests.sessions import Asking, go_on

STOPPED_AT = 4


class ShutWhileEvaluating(Control):
    """Asks to stop after some steps, and to leave once the figures are computed."""

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing is None:
            return Request(Ending.SUSPEND)
        return Request(Ending.STOP) if standing.step >= STOPPED_AT else None


def test_a_stopped_run_that_was_shut_down_before_its_figures_gets_them_and_trains_no_further(
    tiles_dir, queue
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    assert not go_on(run, control=ShutWhileEvaluating(run, 0))
    state = run.state()
    assert (state.state, state.checkpoint_step, state.stopping) == (RunState.INTERRUPTED, STOPPED_AT, True)
    assert go_on(run)
    state = run.state()
    assert (state.state, state.checkpoint_step, state.stopping) == (RunState.STOPPED, STOPPED_AT, False)
    assert state.summary.accuracy is not None
    assert go_on(run)
    assert (run.state().state, run.state().summary.epoch) == (RunState.FINISHED, 9)


class Terminated(Control):
    """Gets a signal to leave, as from a machine that shuts down, just after something was asked."""

    def __init__(self, folder: RunFolder, action: Action) -> None:
        super().__init__(folder, folder.state().commands_end)
        self._action = action

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing and standing.step == STOPPED_AT and not self._terminated:
            append_command(self._folder.commands_path, self._action)
            self._on_signal(signal.SIGTERM, None)
        return super().poll(standing)


@pytest.mark.parametrize("action", [Action.CANCEL, Action.STOP])
def test_what_was_asked_just_before_a_shutdown_is_done_and_the_run_does_not_go_on(
    tiles_dir, queue, action: Action
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    assert not go_on(run, control=Terminated(run, action))
    if action is Action.CANCEL:
        assert run.state().state is RunState.CANCELLED
        return
    assert run.state().state is RunState.INTERRUPTED and run.state().stopping
    assert go_on(run)
    assert (run.state().state, run.state().checkpoint_step) == (RunState.STOPPED, STOPPED_AT)


def test_a_run_that_is_stopped_before_it_has_learnt_anything_says_so(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    request = append_command(run.commands_path, Action.STOP)
    assert request and not go_on(run, control=Control(run, 0))
    assert (run.state().state, run.state().message) == (RunState.CANCELLED, STOPPED_EMPTY)


def test_a_stop_whose_checkpoint_could_not_be_written_does_not_end_what_begins_again(
    tiles_dir, queue, monkeypatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    stop = Asking(run, STOPPED_AT, lambda: append_command(run.commands_path, Action.STOP))
    with monkeypatch.context() as patch:
        patch.setattr("rsdash.training.recorder.CheckpointWriter.start", no_room)
        assert not go_on(run, control=stop)
    assert run.state().state is RunState.FAILED and not run.checkpoint_path.exists()
    pause = Asking(run, STOPPED_AT, lambda: append_command(run.commands_path, Action.SUSPEND))
    assert not go_on(run, control=pause)
    assert run.state().state is RunState.INTERRUPTED and not run.state().stopping
    assert go_on(run, control=Control(run, run.state().commands_end))
    assert (run.state().state, run.state().summary.epoch) == (RunState.FINISHED, 4)


def test_a_stopped_run_that_got_no_figures_trains_on_where_its_length_is_changed(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    assert not go_on(run, control=ShutWhileEvaluating(run, 0))
    append_command(run.commands_path, Action.SET_EPOCHS, value=3)
    append_command(run.commands_path, Action.RESUME)
    assert carry_out(run, front=0.0)
    assert go_on(run, control=Control(run, run.state().commands_end))
    assert (run.state().state, run.state().summary.epoch) == (RunState.FINISHED, 3)


def no_room(writer: CheckpointWriter, checkpoint: Checkpoint) -> None:
    raise StorageError("The disk of the runs is full.")


def test_a_cancel_that_was_answered_just_before_a_kill_is_done_all_the_same(
    tiles_dir, queue, monkeypatch: pytest.MonkeyPatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    write = RunFolder.write_state

    def killed(folder: RunFolder, **changes: object) -> object:
        if changes.get("state") is RunState.CANCELLED:
            raise KeyboardInterrupt
        return write(folder, **changes)

    ask = partial(append_command, run.commands_path, Action.CANCEL)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunFolder, "write_state", killed)
        go_on(run, control=Asking(run, STOPPED_AT, ask))
    assert interrupt(run, exit_code=-9) and entry(run).has_requests
    assert carry_out(run, front=0.0)
    assert run.state().state is RunState.CANCELLED


def test_a_run_that_has_only_to_be_evaluated_needs_no_room_for_a_checkpoint(
    tiles_dir, queue, monkeypatch: pytest.MonkeyPatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    assert not go_on(run, control=ShutWhileEvaluating(run, 0))

    def full(path: Path, checkpoint: Checkpoint) -> None:
        raise StorageError("The disk of the runs is full.")

    monkeypatch.setattr("rsdash.training.checkpoint.save_checkpoint", full)
    assert go_on(run)
    assert (run.state().state, run.state().checkpoint_step) == (RunState.STOPPED, STOPPED_AT)
