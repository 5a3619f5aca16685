"""What a real run leaves of its inner life, with an interruption and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rsdash.data import add_dataset
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import read_evaluation
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.parts import Parts
from rsdash.training.alarms import Alarms
from rsdash.training.progress import Progress, Sums
from tests.sessions import go_on
from tests.tiny import make_run


def read(folder: RunFolder) -> History:
    return HistoryReader(folder.metrics_path).refresh()


@pytest.fixture
def run(tiles_dir: Path, queue: Callable[..., RunFolder]) -> RunFolder:
    """A run of three epochs of three steps on 48 tiles, measured on 12."""
    add_dataset(tiles_dir, name="tiles")
    return queue("tiles", epochs=3, learning_rate=0.001, precision="fp32")


def test_a_run_records_every_kind_and_its_last_epoch_agrees_with_the_evaluation(run: RunFolder) -> None:
    assert go_on(run)
    history = read(run)
    assert history.layers.names == ("conv1", "conv2", "conv3", "conv4", "conv5", "hidden1", "head")
    assert sum(history.layers.sizes) == run.state().summary.parameters
    assert history.layers.epoch.tolist() == [1, 2, 3] and (history.layers.norms > 0).all()

    evaluation = read_evaluation(run.evaluation_path)
    figures = figures_for(evaluation)
    confusion = np.zeros_like(figures.confusion)
    for truth, answer, images in history.confusions[-1].counts:
        confusion[truth, answer] = images
    assert (confusion == figures.confusion).all()
    assert [c.epoch for c in history.confusions] == [1, 2, 3] and history.confusions[0].images == 12

    probes = history.probes
    assert len(probes.names) == 6 and sorted(probes.labels) == [0, 0, 1, 1, 2, 2]
    parts = Parts.read(run.split_path)
    place = {name: number for number, name in enumerate(parts.names["test"])}
    shares = np.exp(evaluation.logits) / np.exp(evaluation.logits).sum(1, keepdims=True)
    for tile, (name, row, label) in enumerate(zip(probes.names, probes.rows, probes.labels, strict=True)):
        assert parts.rows["test"][place[name]] == row
        for other in range(3):
            found = probes.shares(tile, other)
            assert len(found) == 3
            assert found[-1] == pytest.approx(shares[place[name], other], abs=1e-3)
        assert name.startswith(("Forest", "Lake", "Road")[label])

    steps = history.steps
    assert steps["images"].tolist() == [16] * 9
    assert (np.diff(steps["elapsed_s"]) >= 0).all() and (steps["data_s"] < steps["seconds"]).all()


def test_an_interrupted_run_records_each_epoch_once_and_keeps_its_first_filters(run: RunFolder) -> None:
    assert not go_on(run, leave_after=8)
    with np.load(run.filters_path) as saved:
        initial, between = saved["initial"], saved["latest"]
    assert not np.array_equal(initial, between)
    assert go_on(run)
    history = read(run)
    assert [c.epoch for c in history.confusions] == [1, 2, 3]
    assert history.layers.step.tolist() == [3, 6, 9]
    assert history.probes.epoch.tolist() == [1, 2, 3]
    with np.load(run.filters_path) as saved:
        assert np.array_equal(saved["initial"], initial)
        assert saved["step"] == 9 and not np.array_equal(saved["latest"], between)


def test_epochs_that_no_checkpoint_holds_are_not_shown_as_done_when_the_run_begins_anew(
    run: RunFolder,
) -> None:
    assert not go_on(run, leave_after=8)
    assert (run.state().summary.epoch, len(run.state().summary.sparkline)) == (1, 1)
    run.checkpoint_path.unlink()
    assert not go_on(run, leave_after=4)
    summary = run.state().summary
    assert (summary.epoch, summary.sparkline, summary.accuracy) == (0, (), None)


def test_a_run_goes_on_with_its_threads_as_far_as_there_are_processors(
    tiles_dir: Path,
    queue: Callable[..., RunFolder],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", threads=0)
    for available, attempt in ((2, 1), (3, 2), (1, 3)):
        monkeypatch.setattr("rsdash.training.session.processors", lambda count=available: count)
        go_on(run, leave_after=8)
        assert torch.get_num_threads() == min(available, 2), f"attempt {attempt}"
    assert "Goes on with 1 threads; it had 2" in capsys.readouterr().out


def overfit(alarms: Alarms, epochs: range) -> None:
    for epoch in epochs:
        training = Sums(loss=0.1, right=1, images=1, seconds=10, data_s=6)
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), training, 0.5 if epoch == 1 else 0.4 + epoch / 10)


def codes(folder: RunFolder) -> list[str]:
    return [notice.fields["code"] for notice in read(folder).notices if notice.kind == "alert"]


def test_an_alert_is_raised_once_over_all_attempts(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    overfit(Alarms(folder, shares=[0.1] * 10), range(1, 9))
    assert codes(folder) == ["starvation", "overfitting"]
    again = Alarms(folder, shares=[0.1] * 10)
    again.recall(read(folder))
    overfit(again, range(9, 14))
    assert codes(folder) == ["starvation", "overfitting"]


def test_a_resumed_run_that_was_told_of_overfitting_is_not_told_that_it_stands_still(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    for epoch in range(1, 9):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=0.1, loss=0.7)
    folder.log_event("alert", step=8, code="overfitting", message="")
    alarms = Alarms(folder, shares=[0.1] * 10)
    alarms.recall(read(folder))
    alarms.on_epoch(Progress(epoch=9, step=9), Sums(0.1, 1, 1), 0.7)
    assert codes(folder) == ["overfitting"]


def test_a_resumed_run_remembers_the_losses_before(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    for epoch in range(1, 5):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=0.6, loss=0.7)
    alarms = Alarms(folder, shares=[0.1] * 10)
    alarms.recall(read(folder))
    for epoch in (5, 6):
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), Sums(0.6, 1, 1), 0.7)
    assert codes(folder) == ["plateau"]
