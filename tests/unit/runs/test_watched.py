"""Gradients, confusion, probe tiles and machine rows as a reader of the log sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsdash.runs.events import append_event
from rsdash.runs.history import HistoryReader


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def log_all(path: Path, steps: range) -> None:
    """A row of every kind at each step, which tells the step."""
    for step in steps:
        epoch = step / 10
        append_event(path, "gradients", step=step, epoch=epoch, norms=[step, None], ratios=[0.001, None])
        append_event(path, "confusion", step=step, epoch=step, images=9, counts=[[0, 0, step], [1, 0, 2]])
        answers = [[[0, 0.75], [1, 0.25]], [[1, 1.0], [0, 0.0]]]
        append_event(path, "probe", step=step, epoch=epoch, answers=answers)
        append_event(path, "machine", step=step, cpu=0.5, memory=1000)


def announce(path: Path, layers: list[str], tiles: list[str]) -> None:
    append_event(path, "layers", names=layers, sizes=[10] * len(layers))
    append_event(path, "probes", names=tiles, labels=[0] * len(tiles), rows=[4] * len(tiles))


def test_rows_of_every_kind_become_columns(log: Path) -> None:
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    log_all(log, range(1, 4))
    history = HistoryReader(log).refresh()
    assert history.layers.names == ("conv1", "head") and history.layers.sizes == (10, 10)
    assert history.layers.norms[:, 0].tolist() == [1, 2, 3] and np.isnan(history.layers.norms[:, 1]).all()
    assert history.layers.ratios[:, 0].tolist() == [0.001] * 3
    assert [c.counts.tolist() for c in history.confusions][2] == [[0, 0, 3], [1, 0, 2]]
    assert history.probes.names == ("a.png", "b.png")
    assert history.probes.shares(0, 1).tolist() == [0.25] * 3
    assert np.isnan(history.probes.shares(0, 7)).all()
    assert history.machine["cpu"].tolist() == [0.5] * 3 and np.isnan(history.machine["gpu"]).all()
    assert (history.machine["at"] > 1.7e9).all()


def test_a_resume_drops_rows_of_every_kind_beyond_its_step(log: Path) -> None:
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    log_all(log, range(1, 9))
    reader = HistoryReader(log)
    reader.refresh()
    append_event(log, "resume", attempt=2, step=4)
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    log_all(log, range(5, 7))
    history = reader.refresh()
    for steps in (history.layers.step, history.probes.step, history.machine["step"]):
        assert steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert [confusion.step for confusion in history.confusions] == [1, 2, 3, 4, 5, 6]


def test_other_layers_than_before_begin_anew(log: Path) -> None:
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    log_all(log, range(1, 4))
    announce(log, ["stem", "block", "head"], ["a.png", "b.png"])
    append_event(log, "gradients", step=5, epoch=0.5, norms=[1, 2, 3], ratios=[1, 2, 3])
    history = HistoryReader(log).refresh()
    assert history.layers.norms.tolist() == [[1, 2, 3]]
    assert len(history.probes.step) == 3


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("gradients", {"norms": [1.0], "ratios": [1.0]}),
        ("gradients", {"norms": ["x", 1], "ratios": [1, 1]}),
        ("gradients", {}),
        ("confusion", {"images": 1, "counts": [[1, 2]]}),
        ("probe", {"answers": [[[0, 1.0]]]}),
        ("probe", {"answers": [3, 4]}),
        ("machine", {"cpu": "much"}),
        ("step", {"loss": [1]}),
    ],
)
def test_a_damaged_row_is_passed_over(log: Path, kind: str, fields: dict[str, object]) -> None:
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    append_event(log, kind, step=1, epoch=1, **fields)
    log_all(log, range(2, 4))
    history = HistoryReader(log).refresh()
    assert len(history.layers.step) == len(history.probes.step) == len(history.confusions) == 2
    assert len(history.machine["step"]) == 2 and len(history.steps["step"]) == 0


def test_what_did_not_change_is_the_same_object_and_cannot_be_written(log: Path) -> None:
    announce(log, ["conv1", "head"], ["a.png", "b.png"])
    log_all(log, range(1, 3))
    reader = HistoryReader(log)
    before = reader.refresh()
    append_event(log, "step", step=3, epoch=0.3, loss=1.0)
    after = reader.refresh()
    assert after.revision > before.revision
    assert after.layers is before.layers and after.probes is before.probes
    assert after.confusions is before.confusions and after.machine is before.machine
    for array in (after.layers.norms, after.confusions[0].counts, after.machine["cpu"], after.steps["loss"]):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_a_log_from_before_these_kinds_reads_as_none_of_them(log: Path) -> None:
    append_event(log, "epoch", step=10, epoch=1, train_loss=1.0)
    history = HistoryReader(log).refresh()
    assert history.layers.names == () and history.layers.norms.shape == (0, 0)
    assert history.confusions == () and history.probes.answers == ()
