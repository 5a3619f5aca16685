"""Leaving a run anywhere and coming back changes no weight and loses no figure."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

from rsdash.config import RunConfig
from rsdash.runs.amendments import Amendment
from rsdash.training.checkpoint import load_checkpoint, save_checkpoint
from rsdash.training.compute import Compute
from rsdash.training.control import Ending, Request
from rsdash.training.trainer import Trainer
from tests.loop import (
    RECIPES,
    STEPS_PER_EPOCH,
    TRAINING_ROWS,
    Witness,
    devices,
    equal,
    material,
    quiet,
    recipe,
    state_of,
    taken_up,
    trainer_for,
    undisturbed,
)

pytestmark = [pytest.mark.usefixtures("one_thread", "repeatable"), quiet]


@devices
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kill_after", [1, 2 * STEPS_PER_EPOCH - 1, 2 * STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH])
def test_a_resumed_run_ends_as_one_never_disturbed(
    tmp_path: Path, name: str, kill_after: int, compute: Compute
) -> None:
    twin, twins_witness = undisturbed(name, compute)
    again, rows = taken_up(recipe(name), kill_after, tmp_path / "last.ckpt", compute)
    assert equal(state_of(again), state_of(twin))
    assert equal(again.reported_weights(), twin.reported_weights())
    assert rows == twins_witness.told()


@pytest.mark.parametrize("name", ["sgd", "plateau", "unfreezing"])
def test_a_run_that_was_left_while_an_epoch_was_measured_measures_it_anew(tmp_path: Path, name: str) -> None:
    config, leave_after = recipe(name), 2 * STEPS_PER_EPOCH
    twin, twins_witness = undisturbed(name)
    witness = Witness(leave_after, measuring=True)
    first = trainer_for(config, witness)
    assert first.run() == Request(Ending.SUSPEND)
    assert (len(witness.epochs), len(witness.intervals)) == (1, leave_after)
    save_checkpoint(tmp_path / "last.ckpt", first.checkpoint())
    later = Witness()
    second = trainer_for(config, later)
    second.restore(load_checkpoint(tmp_path / "last.ckpt", "run"))
    assert second.run() == Request(Ending.COMPLETE)
    assert len(later.intervals) == STEPS_PER_EPOCH
    assert [score for _, _, score in later.epochs] == [score for _, _, score in twins_witness.epochs[1:]]
    assert equal(second.checkpoint().model, twin.checkpoint().model)
    assert equal(second.reported_weights(), twin.reported_weights())


def resumed(config: RunConfig, kill_after: int, rows: np.ndarray = TRAINING_ROWS) -> tuple[Trainer, Witness]:
    """A run that was left after some steps and taken up again by another trainer."""
    first = Trainer("run", config, material(config, rows), Witness(kill_after))
    first.run()
    witness = Witness()
    second = Trainer("run", config, material(config, rows), witness)
    second.restore(first.checkpoint())
    second.run()
    return second, witness


def test_a_best_epoch_before_the_kill_is_still_reported() -> None:
    config = recipe("paper", epochs=8, report="best", validation_share=0.2)
    twin = trainer_for(config)
    twin.run()
    assert twin.progress.best_epoch < 8  # all tiles are told apart before the end
    again, _ = resumed(config, twin.progress.best_epoch * STEPS_PER_EPOCH + 1)
    assert again.progress.best_epoch == twin.progress.best_epoch
    assert equal(again.reported_weights(), twin.reported_weights())
    assert not equal(again.reported_weights(), again.checkpoint().model)


def test_sums_of_an_interval_left_in_its_middle_are_carried_on() -> None:
    config, rows = recipe("paper", epochs=1, batch_size=1), np.tile(TRAINING_ROWS, 3)
    whole = Witness()
    Trainer("run", config, material(config, rows), whole).run()
    _, witness = resumed(config, 4, rows)
    assert [sums.images for sums, _ in witness.intervals] == [3] * 39  # the first was logged before
    expected, found = whole.epochs[0][1], witness.epochs[0][1]
    assert (found.images, found.right) == (expected.images, expected.right) == (120, expected.right)
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)


CHANGES = (
    Amendment(step=2, setting="learning_rate", value=0.0007),
    Amendment(step=4, setting="accumulation", value=4),
    Amendment(step=5, setting="epochs", value=4),
)


@pytest.mark.parametrize("name", ["modern", "sgd", "unfreezing"])
@pytest.mark.parametrize("kill_after", [1, 3, 5, 2 * STEPS_PER_EPOCH])
def test_settings_changed_on_the_way_are_changed_at_the_same_steps_again(name: str, kill_after: int) -> None:
    config = recipe(name)
    twin = trainer_for(config, Witness(asked=CHANGES))
    twin.run()
    assert twin.progress.step == 4 * STEPS_PER_EPOCH
    assert not equal(twin.reported_weights(), undisturbed(name)[0].reported_weights())

    first = trainer_for(config, Witness(kill_after, asked=CHANGES))
    first.run()
    second = Trainer("run", config, material(config), Witness(), amendments=CHANGES)
    second.restore(first.checkpoint())
    second.run()
    assert equal(second.checkpoint().model, twin.checkpoint().model)
    assert equal(second.reported_weights(), twin.reported_weights())


@pytest.mark.parametrize(("epochs", "wanted"), [(2, 4), (4, 2)])
def test_a_length_that_was_changed_after_an_epochs_last_step_is_changed_there_again(
    epochs: int, wanted: int
) -> None:
    config = recipe("paper", epochs=epochs)
    changes = (Amendment(step=2 * STEPS_PER_EPOCH, setting="epochs", value=wanted),)
    twin = trainer_for(config, Witness(asked=changes))
    twin.run()
    assert twin.progress.epoch == wanted
    first = trainer_for(config, Witness(2 * STEPS_PER_EPOCH - 1))
    first.run()
    second = Trainer("run", config, material(config), Witness(), amendments=changes)
    second.restore(first.checkpoint())
    second.run()
    assert second.progress.epoch == wanted
    assert equal(second.checkpoint().model, twin.checkpoint().model)


def test_a_finished_run_that_is_extended_equals_one_extended_on_its_way() -> None:
    config = recipe("paper")
    last_step = Amendment(step=3 * STEPS_PER_EPOCH, setting="epochs", value=5)
    finished, _ = undisturbed("paper")
    longer = Trainer("run", config, material(config), Witness(), amendments=(last_step,))
    longer.restore(copy.deepcopy(finished.checkpoint()))  # else both would have one optimizer's state
    assert longer.run() == Request(Ending.COMPLETE)
    assert longer.progress.epoch == 5
    twin = trainer_for(recipe("paper", epochs=5))  # at a constant rate the length changes nothing else
    twin.run()
    assert equal(longer.checkpoint().model, twin.checkpoint().model)
