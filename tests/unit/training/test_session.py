"""A run from its folder to its end: what it needs to go on, and the device that it was given."""

from __future__ import annotations

import gc
import itertools
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from rsdash.data import add_dataset
from rsdash.errors import StorageError
from rsdash.runs.amendments import Amendment
from rsdash.runs.commands import Action, append_command
from rsdash.runs.folder import RunFolder, remove_run
from rsdash.runs.history import HistoryReader
from rsdash.runs.states import RunState
from rsdash.training import checkpoint as checkpoint_module
from rsdash.training.checkpoint import Checkpoint, load_checkpoint
from rsdash.training.control import Control, Request, Standing
from rsdash.training.measure import Score
from rsdash.training.reported import ReportedWeights
from rsdash.training.session import run_session
from tests.sessions import Asking, go_on


def test_a_run_that_was_given_a_gpu_does_not_train_on_the_cpu_in_its_stead(
    tiles_dir, queue, monkeypatch: pytest.MonkeyPatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=1)
    run.begin_attempt(slot="GPU-5ae1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-5ae1")
    assert not run_session(run, Control(run, 0))
    assert (run.state().state, "GPU-5ae1" in run.state().message) == (RunState.FAILED, True)


class Counting(Control):
    """Counts the checkpoints that are in memory while the run trains."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder, 0)
        self.counts: list[int] = []

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing and standing.step > 9:
            self.counts.append(held_checkpoints())
        return super().poll(standing)


def held_checkpoints() -> int:
    return sum(type(item) is Checkpoint for item in gc.get_objects())


def test_a_run_goes_on_when_the_weights_that_it_began_with_are_gone(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    first = queue("tiles", epochs=1, seed=5, limit_per_class=9)  # so that its images have another mean
    assert go_on(first)
    begun = {"epochs": 4, "weights": f"run:{first.id}"}
    twin, run = queue("tiles", **begun), queue("tiles", **begun)
    assert go_on(twin)
    assert not go_on(run, leave_after=8) and run.checkpoint_path.exists()
    remove_run(first)
    assert go_on(run)
    weights = [safetensors.torch.load_file(folder.weights_path) for folder in (twin, run)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    filters = [np.load(folder.filters_path) for folder in (twin, run)]
    assert np.array_equal(filters[0]["initial"], filters[1]["initial"])
    assert np.array_equal(filters[0]["latest"], filters[1]["latest"])


def test_a_checkpoint_is_let_go_of_once_the_run_goes_on(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    assert not go_on(run, leave_after=8)
    gc.collect()
    before, control = held_checkpoints(), Counting(run)
    assert go_on(run, control=control)
    assert control.counts and max(control.counts) <= before


def short_of_room(monkeypatch: pytest.MonkeyPatch, *, failures: int) -> None:
    """Have checkpoints come after each epoch, the first tries of which find no room."""
    save, tries = checkpoint_module.save_checkpoint, itertools.count()

    def save_later(path: Path, checkpoint: Checkpoint) -> None:
        if next(tries) < failures:
            raise StorageError("The disk of the runs is full.")
        save(path, checkpoint)

    monkeypatch.setattr(checkpoint_module, "save_checkpoint", save_later)
    monkeypatch.setattr(checkpoint_module, "RETRY_S", 0.2)
    monkeypatch.setattr("rsdash.training.save_clock.APART_S", 0.0)
    monkeypatch.setattr("rsdash.training.recorder.HEARTBEAT_S", 0.0)


@pytest.mark.parametrize(
    "settings",
    [{"epochs": 3}, {"epochs": 20, "patience": 2, "validation_share": 0.2, "learning_rate": 1e-12}],
    ids=["length", "patience"],
)
def test_the_last_epoch_is_written_once(tiles_dir, queue, monkeypatch, settings: dict[str, object]):
    add_dataset(tiles_dir, name="tiles")
    run, save, saved = queue("tiles", **settings), checkpoint_module.save_checkpoint, []

    def note(path: Path, checkpoint: Checkpoint) -> None:
        saved.append(checkpoint.progress["epoch"])
        save(path, checkpoint)

    monkeypatch.setattr(checkpoint_module, "save_checkpoint", note)
    monkeypatch.setattr("rsdash.training.save_clock.APART_S", 0.0)
    assert go_on(run)
    assert saved == [0, 1, 2, 3], "before the first validation, of unknown length, and after each epoch"


def test_a_death_while_the_first_epoch_is_measured_loses_no_step_of_it(tiles_dir, queue, monkeypatch):
    add_dataset(tiles_dir, name="tiles")
    twin, run = queue("tiles", epochs=2), queue("tiles", epochs=2)
    assert go_on(twin)

    def die(*_: object) -> Score:
        raise OSError("the cable was pulled")

    with monkeypatch.context() as patch:
        patch.setattr("rsdash.training.save_clock.APART_S", 0.0)
        patch.setattr(ReportedWeights, "measure", die)
        with pytest.raises(OSError, match="cable"):
            go_on(run)
    state = run.state()
    assert (state.checkpoint_step, state.summary.epoch) == (twin.state().summary.steps // 2, 0)
    assert go_on(run)
    weights = [safetensors.torch.load_file(folder.weights_path) for folder in (twin, run)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_what_the_state_knows_of_the_checkpoint_is_what_the_file_holds(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    assert not go_on(run, leave_after=8)
    step = run.state().checkpoint_step
    run.write_state(checkpoint_step=None)  # as where it was killed before it could note the step
    seen: list[int | None] = []
    look = Asking(run, step + 1, lambda: seen.append(run.state().checkpoint_step))
    assert go_on(run, control=look)
    assert seen == [step]
    run.checkpoint_path.unlink()
    run.write_state(state=RunState.QUEUED)
    assert not go_on(run, control=Asking(run, 1, lambda: append_command(run.commands_path, Action.CANCEL)))
    assert run.state().checkpoint_step is None


def test_a_checkpoint_without_room_is_told_and_the_run_goes_on(tiles_dir, queue, monkeypatch):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    short_of_room(monkeypatch, failures=1)
    assert go_on(run)
    history = HistoryReader(run.metrics_path).refresh()
    [alert] = [one for one in history.alerts.earlier if one.fields["code"] == "checkpoint"]
    assert "is full. The checkpoint is tried again" in alert.text
    assert "checkpoint" not in {one.fields["code"] for one in history.alerts.standing}
    first = run.state().summary.steps // 9
    run.log_event("resume", step=first, within_epoch=True)  # from the checkpoint that found room at last
    standing = HistoryReader(run.metrics_path).refresh().alerts.standing
    assert "checkpoint" not in {one.fields["code"] for one in standing}


def test_a_checkpoint_that_finds_no_room_again_ends_the_run_at_once(tiles_dir, queue, monkeypatch):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=400)
    short_of_room(monkeypatch, failures=10**9)
    assert not go_on(run)
    state = run.state()
    assert (state.state, state.message) == (RunState.FAILED, "The disk of the runs is full.")
    assert state.summary.epoch < 400
    standing = HistoryReader(run.metrics_path).refresh().alerts.standing
    assert "checkpoint" in {one.fields["code"] for one in standing}
    run.log_event("resume", step=0)  # once there is room
    assert not HistoryReader(run.metrics_path).refresh().alerts.standing


def test_a_cancelled_run_says_from_where_it_would_go_on_and_nothing_that_is_past(
    tiles_dir, queue, monkeypatch
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=4)
    short_of_room(monkeypatch, failures=0)
    monkeypatch.setattr("rsdash.training.recorder.HEARTBEAT_S", 1e9)

    def cancel() -> None:
        run.write_state(message="Compiling the network: the first steps take a minute or more.")
        append_command(run.commands_path, Action.CANCEL)

    assert not go_on(run, control=Asking(run, 8, cancel))
    state = run.state()
    assert (state.state, state.message) == (RunState.CANCELLED, "")
    assert state.checkpoint_step == load_checkpoint(run.checkpoint_path, run.id).progress["step"]
