"""Runs that train, as their log tells of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.tiny import make_run


def log_epochs(folder: RunFolder, epochs: range, *, first_norm: float = 0.5) -> None:
    for epoch in epochs:
        step = 10 * epoch
        times = {"elapsed_s": 5.0 * epoch, "images": 16, "seconds": 2.0, "data_s": 0.5}
        row = {"loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1}
        folder.log_event("step", step=step, epoch=epoch, **row, **times)
        norms, ratios = [first_norm, 1.0], [1e-3, 1e-3]
        folder.log_event("gradients", step=step, epoch=epoch, norms=norms, ratios=ratios)
        folder.log_event("machine", step=step, cpu=0.5, memory=10**9)
        figures = {"train_loss": 0.5, "train_accuracy": 0.5, "loss": 0.7, "accuracy": 0.4}
        folder.log_event("epoch", step=step, epoch=epoch, elapsed_s=5.0 * epoch, **figures)
        folder.log_event("confusion", step=step, epoch=epoch, images=9, counts=[[0, 1, epoch], [1, 1, 5]])
        folder.log_event("probe", step=step, epoch=epoch, answers=[[[0, 0.75], [1, 0.25]]])


def watched_run(
    runs_dir: Path, *, name: str = "mine", epochs: int = 3, first_norm: float = 0.5, **settings: float
) -> RunFolder:
    folder = make_run(runs_dir, name=name, state=RunState.RUNNING, **settings)
    folder.log_event("layers", names=["conv1", "head"], sizes=[10, 20])
    folder.log_event("probes", names=["Forest/00.png"], labels=[0], rows=[3])
    log_epochs(folder, range(1, epochs + 1), first_norm=first_norm)
    weights = np.random.default_rng(0).normal(size=(6, 3, 5, 5)).astype(np.float16)
    np.savez(folder.filters_path, initial=weights, latest=weights + 1, step=np.array(30))
    return folder
