"""What a run's summary says of the epochs behind it."""

from __future__ import annotations

from pathlib import Path

from rsdash.runs.events import append_event
from rsdash.runs.history import HistoryReader
from rsdash.training.summaries import latest_epoch


def test_a_run_goes_on_with_the_figures_of_the_epoch_at_which_its_checkpoint_stood(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    assert latest_epoch(HistoryReader(log).refresh())["loss"] is None
    for epoch in (1, 2):
        figures = {
            "loss": 2.0 / epoch,
            "accuracy": 0.4 * epoch,
            "train_loss": 3.0 / epoch,
            "train_accuracy": 0.3,
        }
        append_event(log, "epoch", step=10 * epoch, epoch=epoch, **figures)
        append_event(log, "confusion", step=10 * epoch, epoch=epoch, images=14, counts=[[0, 0, 14]])
    append_event(log, "resume", step=15, attempt=2)
    assert latest_epoch(HistoryReader(log).refresh()) == {
        "loss": 2.0,
        "accuracy": 0.4,
        "train_loss": 3.0,
        "train_accuracy": 0.3,
        "images": 14,
    }
