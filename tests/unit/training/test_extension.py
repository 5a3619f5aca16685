"""An evaluated run that goes on can be again what it was, until its new figures are there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import safetensors.torch
import torch

from rsdash.data import add_dataset
from rsdash.errors import DataChangedError
from rsdash.jobs.requests import request_cancel, request_changes
from rsdash.jobs.unattended import carry_out, interrupt
from rsdash.runs.amendments import Amendment
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import HistoryReader
from rsdash.runs.records import StateRecord
from rsdash.runs.states import RunState
from rsdash.training.checkpoint import Checkpoint, load_checkpoint
from rsdash.training.control import Control, Request, Standing
from rsdash.training.recorder import Recorder
from rsdash.training.result import NewResult
from rsdash.training.worker import EXIT_REFUSED, main
from tests.holding import entry
from tests.sessions import Asking, go_on


@pytest.fixture
def finished(tiles_dir, queue) -> RunFolder:
    """Two epochs, evaluated."""
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=2)
    assert go_on(run)
    return run


def extend(run: RunFolder, epochs: int) -> None:
    request_changes(entry(run), epochs=epochs)
    assert carry_out(run, front=0.0)


def listen(run: RunFolder) -> Control:
    return Control(run, run.state().commands_end)


def weights(run: RunFolder) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run.weights_path)


def is_again(run: RunFolder, before: StateRecord) -> bool:
    """Whether nothing is left of an extension but its place in the queue and the number of attempts."""
    after = run.state()
    history = HistoryReader(run.metrics_path).refresh()
    assert history.steps["step"].max() == history.epochs["step"][-1] == before.checkpoint_step
    assert (entry(run).config, after.before) == (entry(run).request.config, None)
    return (after.state, after.summary, after.amendments) == (before.state, before.summary, before.amendments)


def test_an_extension_given_up_while_it_waits_can_be_asked_for_again(finished: RunFolder, queue) -> None:
    before, figures = finished.state(), finished.evaluation_path.read_bytes()
    extend(finished, 9)
    assert finished.state().state is RunState.QUEUED and entry(finished).config.epochs == 9
    request_cancel(entry(finished))
    assert carry_out(finished, front=0.0)
    assert is_again(finished, before)
    assert finished.state().checkpoint_step == before.checkpoint_step
    assert finished.evaluation_path.read_bytes() == figures

    extend(finished, 3)
    twin = queue("tiles", epochs=2)
    assert go_on(twin)
    extend(twin, 3)
    for run in (finished, twin):
        assert go_on(run, control=listen(run))
        assert run.state().before is None and run.state().summary.epoch == 3
    assert all(torch.equal(value, weights(twin)[name]) for name, value in weights(finished).items())


@pytest.mark.parametrize("killed_at", ["log_event", "write_state", "write_about"])
def test_an_extension_whose_runner_was_killed_knows_the_way_back(
    finished: RunFolder, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = finished.state(), getattr(RunFolder, killed_at)
    request_changes(entry(finished), epochs=9)

    def killed(folder: RunFolder, *names: str, **fields: object) -> object:
        if "amendment" in names or {"amendments", "queue_position"} & fields.keys():
            raise KeyboardInterrupt
        return real(folder, *names, **fields)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunFolder, killed_at, killed)
        carry_out(finished, front=0.0)
    assert carry_out(finished, front=0.0)
    assert finished.state().state is RunState.QUEUED and entry(finished).config.epochs == 9
    assert finished.state().summary.steps == before.summary.steps // 2 * 9
    request_cancel(entry(finished))
    assert carry_out(finished, front=0.0)
    assert is_again(finished, before)


@pytest.mark.parametrize("saved", [True, False])
def test_an_extension_given_up_while_it_trains_leaves_the_figures(
    finished: RunFolder, saved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if saved:
        monkeypatch.setattr("rsdash.training.save_clock.APART_S", 0.0)
    before, kept = finished.state(), weights(finished)
    steps = before.summary.steps // 2
    extend(finished, 5)

    def ask() -> None:
        append_command(finished.commands_path, Action.SET_RATE, value=0.01)
        append_command(finished.commands_path, Action.CANCEL)

    assert go_on(finished, control=Asking(finished, 3 * steps + 1, ask))
    assert is_again(finished, before)
    assert all(torch.equal(value, kept[name]) for name, value in weights(finished).items())
    assert finished.checkpoint_path.exists() is not saved, "a later one cannot be gone on from"
    assert finished.state().checkpoint_step == (None if saved else before.checkpoint_step)


def test_a_copy_of_an_extended_run_keeps_its_checkpoint_on_the_way_back(
    finished: RunFolder, tmp_path: Path
) -> None:
    before = finished.state()
    extend(finished, 5)
    copy = RunFolder(Path(shutil.copytree(finished.path, tmp_path / finished.id, copy_function=shutil.copy)))
    request_cancel(entry(copy))
    assert carry_out(copy, front=0.0)
    assert is_again(copy, before)
    assert copy.state().checkpoint_step == before.checkpoint_step and copy.checkpoint_path.exists()


def test_an_extension_that_broke_off_can_be_given_up(finished: RunFolder) -> None:
    before = finished.state()
    extend(finished, 5)

    def break_off() -> None:
        raise OSError("the cable was pulled")

    with pytest.raises(OSError, match="cable"):
        go_on(finished, control=Asking(finished, before.summary.steps + 1, break_off))
    assert finished.state().state is RunState.FAILED
    request_cancel(entry(finished))
    assert carry_out(finished, front=0.0)
    assert is_again(finished, before)


def test_a_resumed_extension_keeps_its_way_back(finished: RunFolder) -> None:
    before = finished.state()
    extend(finished, 5)
    step = before.summary.steps + 1
    pause = Asking(finished, step, lambda: append_command(finished.commands_path, Action.SUSPEND))
    assert not go_on(finished, control=pause)
    assert load_checkpoint(finished.checkpoint_path, finished.id).progress["step"] == step
    append_command(finished.commands_path, Action.RESUME)
    assert carry_out(finished, front=0.0)
    request_cancel(entry(finished))
    assert carry_out(finished, front=0.0)
    assert is_again(finished, before) and not finished.checkpoint_path.exists()


class WhileEvaluating(Control):
    """Has something done once, when new weights are written and their evaluation is under way."""

    def __init__(self, folder: RunFolder, act: Callable[[], object]) -> None:
        super().__init__(folder, folder.state().commands_end)
        self._act: Callable[[], object] | None = act
        self._weights = NewResult(folder).weights

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if self._act and self._weights.exists():
            act, self._act = self._act, None
            act()
        return super().poll(standing)


@pytest.mark.parametrize("asked", [Action.CANCEL, Action.SUSPEND])
def test_an_extension_given_up_while_its_new_figures_are_computed_leaves_the_old_ones(
    finished: RunFolder, asked: Action
) -> None:
    before, figures, kept = finished.state(), finished.evaluation_path.read_bytes(), weights(finished)
    extend(finished, 3)
    go_on(finished, control=WhileEvaluating(finished, partial(append_command, finished.commands_path, asked)))
    assert not finished.new_path.exists()
    if asked is Action.SUSPEND:
        assert finished.state().state is RunState.INTERRUPTED
        request_cancel(entry(finished))
        assert carry_out(finished, front=0.0)
    assert is_again(finished, before) and finished.evaluation_path.read_bytes() == figures
    assert all(torch.equal(value, kept[name]) for name, value in weights(finished).items())


def test_a_cancel_after_the_last_look_finds_new_figures_and_is_refused(
    finished: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    extend(finished, 3)
    replace = NewResult.replace_old

    def cancel_meanwhile(result: NewResult) -> None:
        append_command(finished.commands_path, Action.CANCEL)
        replace(result)

    monkeypatch.setattr(NewResult, "replace_old", cancel_meanwhile)
    assert go_on(finished, control=listen(finished))
    assert carry_out(finished, front=0.0)
    state = finished.state()
    assert (state.state, state.summary.epoch, state.before) == (RunState.FINISHED, 3, None)
    answers = HistoryReader(finished.metrics_path).refresh().notices
    assert any("Cancel: refused" in answer.text for answer in answers)


def test_a_result_left_half_done_is_deleted_when_its_worker_is_found_gone(finished: RunFolder) -> None:
    extend(finished, 3)

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(finished, control=WhileEvaluating(finished, killed))
    finished.new_path.mkdir()  # a kill leaves it; what was raised does not
    NewResult(finished).weights.write_bytes(b"torn")
    assert finished.state().state is RunState.EVALUATING
    assert interrupt(finished, exit_code=-9)
    assert finished.state().state is RunState.INTERRUPTED and not finished.new_path.exists()


def test_an_extension_given_up_while_its_last_checkpoint_is_written_leaves_the_figures(
    finished: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, figures, kept = finished.state(), finished.evaluation_path.read_bytes(), weights(finished)
    extend(finished, 3)
    write = Recorder.write_checkpoint

    def cancel_meanwhile(recorder: Recorder, checkpoint: Checkpoint) -> None:
        append_command(finished.commands_path, Action.CANCEL)
        write(recorder, checkpoint)

    monkeypatch.setattr(Recorder, "write_checkpoint", cancel_meanwhile)
    assert go_on(finished, control=listen(finished))
    assert is_again(finished, before) and finished.evaluation_path.read_bytes() == figures
    assert all(torch.equal(value, kept[name]) for name, value in weights(finished).items())


def test_an_extension_without_its_checkpoint_does_not_begin_anew(finished: RunFolder) -> None:
    before = finished.state()
    extend(finished, 3)
    finished.checkpoint_path.write_bytes(b"torn")
    for _ in range(2):
        assert not go_on(finished, control=listen(finished))
        state = finished.state()
        assert state.state is RunState.FAILED and "Back to epoch 2 gives it" in state.message
        finished.checkpoint_path.unlink(missing_ok=True)
    request_cancel(entry(finished))
    assert carry_out(finished, front=0.0)
    assert is_again(finished, before)


def test_an_extension_of_a_run_whose_images_changed_is_refused(finished: RunFolder, tiles_dir) -> None:
    next(tiles_dir.rglob("*.png")).unlink()
    add_dataset(tiles_dir, name="tiles")
    with pytest.raises(DataChangedError):
        request_changes(entry(finished), epochs=9)
    assert finished.state().state is RunState.FINISHED


def test_a_stopped_run_that_is_trained_on_by_hand_knows_the_way_back(tiles_dir, queue) -> None:
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    assert go_on(run, control=Asking(run, 3, lambda: append_command(run.commands_path, Action.STOP)))
    before = run.state()
    assert before.state is RunState.STOPPED
    give_up = Asking(run, 5, lambda: append_command(run.commands_path, Action.CANCEL))
    assert go_on(run, control=give_up)
    assert is_again(run, before)
    run.write_state(checkpoint_step=None)
    run.checkpoint_path.unlink()
    assert main(run.path) == EXIT_REFUSED
    assert run.state().state is RunState.STOPPED and run.weights_path.exists()
