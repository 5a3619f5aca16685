"""What a real run leaves of its inner life, with an interruption and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from rsdash.data import add_dataset
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import read_evaluation
from rsdash.runs.amendments import AmendedSetting, Amendment
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
        monkeypatch.setattr("rsdash.training.attempt.processors", lambda count=available: count)
        go_on(run, leave_after=8)
        assert torch.get_num_threads() == min(available, 2), f"attempt {attempt}"
    assert "Goes on with 1 threads; it had 2" in capsys.readouterr().out


def overfit(folder: RunFolder, alarms: Alarms, epochs: range) -> None:
    for epoch in epochs:
        training = Sums(loss=0.1, right=1, images=1, seconds=10, data_s=6)
        loss = 0.5 if epoch == 1 else 0.4 + epoch / 10
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=0.1, loss=loss)
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), training, loss)


def codes(folder: RunFolder) -> list[str]:
    return [notice.fields["code"] for notice in read(folder).notices if notice.kind == "alert"]


def test_an_alert_that_holds_is_raised_once_over_all_attempts(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    overfit(folder, Alarms(folder, shares=[0.1] * 10), range(1, 9))
    assert codes(folder) == ["starvation", "overfitting"]
    again = Alarms(folder, shares=[0.1] * 10)
    again.recall(read(folder))
    overfit(folder, again, range(9, 14))
    assert codes(folder) == ["starvation", "overfitting"]


def test_the_first_epoch_after_a_resume_may_read_its_images_from_disk(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    for epoch in (1, 2):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=0.1, loss=0.1)
    alarms = Alarms(folder, shares=[0.1] * 10)
    alarms.recall(read(folder))
    overfit(folder, alarms, range(3, 4))
    assert codes(folder) == []
    overfit(folder, alarms, range(4, 5))
    assert codes(folder) == ["starvation"]


def watch(alarms: Alarms, losses: Sequence[float], *, begin: int = 1) -> None:
    """Epochs of one step each, with training losses that lie close to the measured ones."""
    for epoch, loss in enumerate(losses, start=begin):
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), Sums(0.9 * loss, 1, 1), loss)


def standing(folder: RunFolder) -> list[str]:
    return [notice.fields["code"] for notice in read(folder).alerts.standing]


def test_an_alert_ends_when_it_no_longer_holds_and_may_come_again(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    alarms = Alarms(folder, shares=[0.1] * 10)
    watch(alarms, [1.0] + 6 * [0.7])
    assert standing(folder) == ["plateau"]
    watch(alarms, [0.5], begin=8)
    assert standing(folder) == [] and len(read(folder).alerts.earlier) == 1
    watch(alarms, 5 * [0.5], begin=9)
    assert standing(folder) == ["plateau"] and codes(folder) == ["plateau", "plateau"]


def test_a_loss_that_rises_is_told_of_instead_of_one_that_stands_still(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    alarms = Alarms(folder, shares=[0.1] * 10)
    for epoch in range(1, 15):
        loss = 0.7 if epoch < 8 else 0.9
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), Sums(0.1, 1, 1), loss)
    assert codes(folder) == ["plateau", "overfitting"] and standing(folder) == ["overfitting"]


@pytest.mark.parametrize(("setting", "again"), [("learning_rate", 12), ("epochs", 12), ("accumulation", 0)])
def test_a_run_that_was_changed_is_judged_by_the_epochs_after(
    runs_dir: Path, setting: AmendedSetting, again: int
) -> None:
    folder = make_run(runs_dir)
    alarms = Alarms(folder, shares=[0.1] * 10)
    watch(alarms, [1.0] + 6 * [0.7])
    folder.amend(Amendment(step=7, setting=setting, value=2))
    alarms = Alarms(folder, shares=[0.1] * 10)
    for epoch, loss in enumerate([1.0] + 6 * [0.7], start=1):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=loss, loss=loss)
    alarms.recall(read(folder))
    watch(alarms, 6 * [0.7], begin=8)
    told = [one.fields["epoch"] for one in read(folder).notices if one.kind == "alert"]
    assert told == ([7, again] if again else [7])


def test_an_alert_of_an_epoch_that_is_done_again_may_be_raised_again(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    watch(Alarms(folder, shares=[0.1] * 10), [1.0] + 6 * [0.7])
    folder.log_event("resume", attempt=2, step=6)
    for epoch, loss in enumerate([1.0] + 5 * [0.7], start=1):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=loss, loss=loss)
    assert standing(folder) == []
    alarms = Alarms(folder, shares=[0.1] * 10)
    alarms.recall(read(folder))
    watch(alarms, [0.7], begin=7)
    assert codes(folder) == ["plateau", "plateau"] and standing(folder) == ["plateau"]


def test_a_resumed_run_remembers_the_losses_before(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    for epoch in range(1, 5):
        folder.log_event("epoch", step=epoch, epoch=epoch, train_loss=0.6, loss=0.7)
    alarms = Alarms(folder, shares=[0.1] * 10)
    alarms.recall(read(folder))
    for epoch in (5, 6):
        alarms.on_epoch(Progress(epoch=epoch, step=epoch), Sums(0.6, 1, 1), 0.7)
    assert codes(folder) == ["plateau"]
