"""A run's log as charts draw it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.runs.events import append_event
from rsdash.runs.history import History, HistoryReader


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Two epochs of ten steps; the first layer's norm is 0.01 of the last's, and the middle one is frozen."""
    log = tmp_path / "metrics.jsonl"
    append_event(log, "layers", names=["stem", "block", "head"], sizes=[1, 2, 3])
    append_event(log, "probes", names=["a", "b"], labels=[0, 1], rows=[0, 1])
    for step in range(1, 21):
        times = {"elapsed_s": 6.0 * step, "images": 10, "seconds": 0.5, "data_s": 0.1}
        row = {"loss": 1 / step, "accuracy": step / 20, "learning_rate": 0.1 / step}
        append_event(log, "step", step=step, epoch=step / 10, **row, **times)
        append_event(
            log,
            "gradients",
            step=step,
            epoch=step / 10,
            norms=[0.01 * step, None, step],
            ratios=[1e-4, None, 1e-2],
        )
        append_event(log, "machine", step=step, cpu=0.5, memory=2e9)
        if step % 10 == 0:
            epoch = step // 10
            row = {"train_loss": 0.5, "train_accuracy": 0.5, "loss": 0.7, "accuracy": 0.4}
            append_event(log, "epoch", step=step, epoch=epoch, elapsed_s=6.0 * step, **row)
            answers = [[[0, 0.2 * epoch], [1, 0.1]], [[2, 0.9], [1, 0.05]]]
            append_event(log, "probe", step=step, epoch=epoch, answers=answers)
            counts = [[0, 0, 8], [0, 2, 2], [1, 1, 10], [2, 1, 5], [2, 2, 5]]
            append_event(log, "confusion", step=step, epoch=epoch, images=30, counts=counts)
    return HistoryReader(log).refresh()
