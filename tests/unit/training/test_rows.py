"""Rows of intervals that are fetched one step late, as on a GPU, are those that are fetched at once."""

from __future__ import annotations

import pytest
import torch

from rsdash.errors import DivergedError
from rsdash.training import rows
from rsdash.training.control import Ending, Request
from rsdash.training.trainer import Trainer
from tests.loop import RECIPES, STEPS_PER_EPOCH, Witness, equal, material, recipe, trainer_for, undisturbed

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_late_rows_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, at_once = undisturbed(name)
    monkeypatch.setattr(rows, "fetches_late", lambda device: True)
    witness = Witness()
    assert trainer_for(recipe(name), witness).run() == Request(Ending.COMPLETE)
    assert witness.told() == at_once.told()


@pytest.mark.parametrize("leave_after", range(1, 2 * STEPS_PER_EPOCH + 1))
def test_a_checkpoint_holds_what_is_still_on_its_way(
    leave_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, at_once = undisturbed("sgd")
    monkeypatch.setattr(rows, "fetches_late", lambda device: True)
    first, second = Witness(leave_after), Witness()
    left = trainer_for(recipe("sgd"), first)
    left.run()
    checkpoint = left.checkpoint()
    resumed = trainer_for(recipe("sgd"), second)
    resumed.restore(checkpoint)
    resumed.run()
    both = tuple(one + two for one, two in zip(first.told(), second.told(), strict=True))
    assert both == at_once.told()
    assert equal(resumed.reported_weights(), trainer.reported_weights())


def test_a_loss_that_is_no_number_is_known_before_a_checkpoint_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "fetches_late", lambda device: True)
    config = recipe("paper", checkpoint_minutes=1e-7)
    parts = material(config)
    witness = Witness()
    trainer = Trainer("run", config, parts, witness)

    def poison(*_: object) -> None:
        if trainer.progress.step == 2:
            with torch.no_grad():
                next(parts.model.parameters())[0, 0, 0, 0] = float("nan")

    parts.model.register_forward_pre_hook(poison)
    with pytest.raises(DivergedError, match="at step 3"):
        trainer.run()
    assert witness.checkpoints == [1, 2]
