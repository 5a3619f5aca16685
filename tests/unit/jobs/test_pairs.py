"""One recipe under two splits: queued together, found again, and the drop is the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.data import add_dataset
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.errors import ConfigError, DataNotFoundError
from rsdash.jobs.pairs import split_pairs, submit_pair
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.tiny import make_tiles, small_config


@pytest.fixture
def splits(tmp_path: Path, data_place: Path) -> tuple[str, str]:
    dataset = add_dataset(make_tiles(tmp_path / "tiles"))
    add_splits(dataset, SplitRequest(name="random"))
    add_splits(dataset, SplitRequest(name="apart", pattern=r"/\d(\d)"))
    return ("random", "apart")


def test_both_runs_differ_in_their_split_alone(runs_dir: Path, splits):
    folders = submit_pair(small_config(data="tiles"), splits, runs_dir=runs_dir, taken_names=())
    requests = [folder.request() for folder in folders]
    assert [request.data.split for request in requests] == ["random", "apart"]
    first, second = (request.config.model_dump(exclude={"split"}) for request in requests)
    assert first == second
    (pair,) = split_pairs(RunIndex(runs_dir).refresh().entries, "tiles")
    assert (pair.first.id, pair.second.id) == (folders[0].id, folders[1].id)
    assert pair.first.name != pair.second.name
    assert split_pairs(RunIndex(runs_dir).refresh().entries, "others") == []


def test_the_drop_is_known_once_both_have_figures(runs_dir: Path, splits):
    folders = submit_pair(small_config(data="tiles"), splits, runs_dir=runs_dir, taken_names=())
    for folder, accuracy in zip(folders, (0.958, 0.933), strict=True):
        (pair,) = split_pairs(RunIndex(runs_dir).refresh().entries, "tiles")
        assert pair.drop is None
        summary = folder.state().summary.model_copy(update={"accuracy": accuracy, "role": "held-out"})
        for state in (RunState.STARTING, RunState.RUNNING, RunState.EVALUATING):
            folder.write_state(state=state)
        folder.write_state(state=RunState.FINISHED, summary=summary)
    (pair,) = split_pairs(RunIndex(runs_dir).refresh().entries, "tiles")
    assert pair.drop == pytest.approx(0.025)


def test_a_pair_needs_two_splits_that_are_stored(runs_dir: Path, splits):
    with pytest.raises(ConfigError, match="choose two that differ"):
        submit_pair(small_config(data="tiles"), ("random", "random"), runs_dir=runs_dir, taken_names=())
    with pytest.raises(DataNotFoundError, match="no split 'spatial'"):
        submit_pair(small_config(data="tiles"), ("spatial", "apart"), runs_dir=runs_dir, taken_names=())
    assert list(runs_dir.iterdir()) == []
