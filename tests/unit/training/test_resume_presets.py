"""Each recipe as it is shipped: a run that is left anywhere ends as one never disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rsdash.config import PRESETS, RunConfig, make_config
from rsdash.training.control import Ending, Request
from rsdash.training.trainer import Trainer
from tests.loop import STEPS_PER_EPOCH, Witness, equal, shipped, state_of, taken_up, trainer_for

CELLS: dict[str, RunConfig] = {preset: shipped(preset) for preset in PRESETS} | {
    "transfer, frozen at first": shipped("transfer", frozen_epochs=1)
}
SMALLER = {"im_size", "epochs", "batch_size", "width", "threads", "device"}
"""Settings in which a cell may differ from its preset."""


class Undisturbed(NamedTuple):
    """A run that was never left, and what it told."""

    config: RunConfig
    trainer: Trainer
    rows: tuple[list[Any], ...]


@pytest.fixture(scope="module", params=CELLS)
def twin(request: pytest.FixtureRequest, one_thread: None) -> Undisturbed:
    """One cell's at a time, as a ResNet18 with what belongs to it takes 250 MB."""
    config, witness = CELLS[request.param], Witness()
    trainer = trainer_for(config, witness)
    assert trainer.run() == Request(Ending.COMPLETE)
    return Undisturbed(config, trainer, witness.told())


@pytest.mark.parametrize("preset", PRESETS)
def test_a_cell_is_its_preset_but_for_its_size(preset: str) -> None:
    assert CELLS[preset].changed_from(make_config({}, preset=preset)).keys() <= SMALLER


@pytest.mark.parametrize("left_after", [1, STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH - 1, 2 * STEPS_PER_EPOCH])
def test_a_shipped_recipe_that_was_left_ends_as_one_never_disturbed(
    tmp_path: Path, twin: Undisturbed, left_after: int
) -> None:
    again, rows = taken_up(twin.config, left_after, tmp_path / "last.ckpt")
    assert equal(state_of(again), state_of(twin.trainer))
    assert equal(again.reported_weights(), twin.trainer.reported_weights())
    assert rows == twin.rows
