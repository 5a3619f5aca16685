"""A run with patience, from the queue to its end: refused without validation images, finished with a word."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rsdash.data import add_dataset
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.errors import ConfigError
from rsdash.runs.amendments import Amendment
from rsdash.runs.history import HistoryReader
from rsdash.runs.states import RunState
from tests.sessions import go_on


def test_a_run_that_no_longer_learns_is_finished_and_says_why(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=20, patience=2, validation_share=0.2, learning_rate=1e-12)
    assert go_on(run)
    state, history = run.state(), HistoryReader(run.metrics_path).refresh()
    assert (state.state, state.summary.epoch) == (RunState.FINISHED, 3)
    assert list(history.epochs["epoch"]) == [1, 2, 3]
    [notice] = [notice for notice in history.notices if notice.fields["code"] == "early-end"]
    assert "after epoch 3" in notice.text and "for 2 epochs" in notice.text
    assert state.summary.role == "held-out"


def test_a_run_that_ended_early_goes_on_with_new_patience_once_it_is_extended(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=20, patience=2, validation_share=0.2, learning_rate=1e-12)
    assert go_on(run)
    run.amend(Amendment(step=run.state().summary.step, setting="epochs", value=30))
    assert go_on(run)
    state = run.state()
    assert (state.state, state.summary.epoch) == (RunState.FINISHED, 5)


def test_patience_without_validation_images_is_refused_beforehand(tiles_dir, queue):
    add_dataset(tiles_dir, name="tiles")
    with pytest.raises(ValidationError, match="patience=2 needs validation images"):
        queue("tiles", patience=2)


def test_a_stored_split_without_validation_images_is_refused_beforehand(tiles_dir, queue):
    add_splits(add_dataset(tiles_dir, name="tiles"), SplitRequest(name="two", validation_share=0.0))
    with pytest.raises(ConfigError, match=r"patience=2 needs validation images; the split two has none\."):
        queue("tiles", patience=2, split="two")
