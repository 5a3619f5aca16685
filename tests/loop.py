"""A training loop in one process: small tiles, recipes of all kinds, and a witness of what it reports."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rsdash.config import RunConfig, make_config
from rsdash.models.registry import build_model, head_parameter_names
from rsdash.runs.amendments import Amendment
from rsdash.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from rsdash.training.compute import Compute
from rsdash.training.control import Ending, Request
from rsdash.training.gradients import LayerFigures
from rsdash.training.material import Material
from rsdash.training.measure import Score
from rsdash.training.progress import Progress, Sums
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.tiles import PixelScale, Tiles
from rsdash.training.trainer import Trainer
from tests.tiny import draw_tile, small_config

CPU = Compute(torch.device("cpu"), torch.float32, "CPU")
GPU = Compute(torch.device("cuda:0"), torch.float32, "GPU")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
quiet = pytest.mark.filterwarnings("ignore:.* does not have a deterministic implementation")
"""The backward pass of AlexNet's adaptive pooling has none on a GPU."""
devices = pytest.mark.parametrize("compute", [CPU, pytest.param(GPU, marks=needs_gpu)], ids=["cpu", "gpu"])
"""A test runs on the CPU, and on a GPU where there is one; let it use the fixture `repeatable`, too."""
LABELS = np.arange(54) % 3
PIXELS = np.stack([draw_tile(int(label), row) for row, label in enumerate(LABELS)])
TRAINING_ROWS, VALIDATION_ROWS = np.arange(40), np.arange(40, 54)
STEPS_PER_EPOCH = 3  # 16 + 16 + 8 images

RECIPES: dict[str, dict[str, Any]] = {
    "paper": {"learning_rate": 0.001},
    "sgd": {
        "optimizer": "sgd",
        "schedule": "cosine",
        "learning_rate": 0.01,
        "flip": "symmetries",
        "rotation_deg": 30.0,
        "crop": 0.3,
        "scale": 0.1,
        "ema_decay": 0.9,
        "dropout": 0.3,
    },
    "modern": {
        "optimizer": "adamw",
        "schedule": "one-cycle",
        "learning_rate": 0.002,
        "l2": 0.05,
        "label_smoothing": 0.1,
        "clip_gradient": 1.0,
        "report": "best",
        "validation_share": 0.2,
        "norm": "batch",
        "dropout": 0.5,
    },
    "rmsprop": {
        "optimizer": "rmsprop",
        "l1": 1e-6,
        "accumulation": 3,
        "learning_rate": 0.0003,
        "warmup_epochs": 1.0,
        "flip": "horizontal",
    },
    "plateau": {
        "optimizer": "sgd",
        "nesterov": True,
        "learning_rate": 0.01,
        "schedule": "plateau",
        "plateau_epochs": 1,
        "plateau_factor": 0.1,
        "balance": "sampling",
        "erasing": 0.5,
        "mixup": 0.4,
        "patience": 10,
        "validation_share": 0.2,
    },
    "unfreezing": {
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "head_rate_factor": 3.0,
        "frozen_epochs": 1,
        "balance": "weights",
        "norm": "batch",
        "cutmix": 1.0,
        "mixup": 0.2,
        "ema_decay": 0.9,
    },
}


class Witness:
    """Remembers what the loop reports, asks it to leave after some steps and to change settings at others."""

    saving_s = 0.0

    def __init__(
        self, leave_after: int | None = None, asked: tuple[Amendment, ...] = (), *, measuring: bool = False
    ) -> None:
        """Begin to watch; `measuring` has it leave while the epoch that those steps end is measured."""
        self.steps = 0
        self.last_step = 0
        self.leave_after = leave_after
        self.measuring = measuring
        self.intervals: list[tuple[Sums, float]] = []
        self.epochs: list[tuple[int, Sums, Score]] = []
        self.checkpoints: list[int] = []
        self.early_ends: list[tuple[int, int]] = []
        self.layers: list[tuple[int, LayerFigures]] = []
        self.amendments: list[Amendment] = []
        self.asked = {amendment.step: amendment for amendment in asked}

    def poll(self, progress: Progress) -> Request | Amendment | None:
        if progress.step in self.asked:
            return self.asked.pop(progress.step)
        again = progress.step == self.last_step
        self.steps += not again
        self.last_step = progress.step
        leaves = self.steps == self.leave_after and again == self.measuring
        return Request(Ending.SUSPEND) if leaves else None

    def on_amendment(self, amendment: Amendment, *, steps: int) -> None:
        self.amendments.append(amendment)

    def on_short_memory(self, amendment: Amendment, parts_before: int) -> None:
        self.amendments.append(amendment)

    def on_interval(self, progress: Progress, interval: Sums, rate: float) -> None:
        self.intervals.append((interval, rate))

    def on_layers(self, progress: Progress, figures: LayerFigures) -> None:
        self.layers.append((progress.step, figures))

    def on_epoch(self, progress: Progress, training: Sums, validation: Score) -> None:
        self.epochs.append((progress.epoch, training, validation))

    def on_early_end(self, progress: Progress, idle_epochs: int) -> None:
        self.early_ends.append((progress.epoch, idle_epochs))

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints.append(int(checkpoint.progress["step"]))

    def told(self) -> tuple[list[Any], ...]:
        """Rows of intervals, layers and epochs without their times, which differ between two runs."""

        def without_times(sums: Sums) -> tuple[float, float, int]:
            return sums.loss, sums.right, sums.images

        intervals = [(without_times(sums), rate) for sums, rate in self.intervals]
        epochs = [(epoch, without_times(sums), score) for epoch, sums, score in self.epochs]
        return intervals, list(self.layers), epochs


class Greedy(nn.Module):
    """Lets memory run out while a batch holds more images than it bears."""

    def __init__(self, inner: nn.Module, bears: int, error: type[Exception], *, from_call: int = 0) -> None:
        super().__init__()
        self.inner, self.bears, self.error, self.from_call = inner, bears, error, from_call
        self.calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        if self.calls > self.from_call and len(images) > self.bears:
            raise self.error("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return self.inner(images)


def material(config: RunConfig, rows: np.ndarray = TRAINING_ROWS, compute: Compute = CPU) -> Material:
    seed_network(config.seed, Stream.WEIGHTS)
    model = build_model(config, 3).to(compute.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword pair

    def tiles(rows: np.ndarray) -> Tiles:
        scale = PixelScale((0.4,) * 3, (0.2,) * 3)
        return Tiles(PIXELS, LABELS, rows=rows, side_px=config.im_size, scale=scale, device=compute.device)

    return Material(model, head_parameter_names(model), tiles(rows), tiles(VALIDATION_ROWS), compute)


def trainer_for(config: RunConfig, witness: Witness | None = None, compute: Compute = CPU) -> Trainer:
    return Trainer("run", config, material(config, compute=compute), witness or Witness())


def recipe(name: str, **changes: Any) -> RunConfig:
    return small_config(**{"epochs": 3, **RECIPES[name], **changes})


@cache
def undisturbed(name: str, compute: Compute = CPU) -> tuple[Trainer, Witness]:
    witness = Witness()
    trainer = trainer_for(recipe(name), witness, compute)
    assert trainer.run() == Request(Ending.COMPLETE)
    return trainer, witness


def shipped(preset: str, **changes: Any) -> RunConfig:
    """A preset as it is, but that its run is short and its images few and small; AlexNet is narrower, too."""
    smaller = {"im_size": 63, "width": 0.125} if preset == "paper" else {"im_size": 32}
    values = {"epochs": 2, "batch_size": 16, "threads": 1, "device": "cpu", **smaller, **changes}
    return make_config(values, preset=preset)


def taken_up(
    config: RunConfig, left_after: int, path: Path, compute: Compute = CPU
) -> tuple[Trainer, tuple[list[Any], ...]]:
    """A run that is left after some steps and finished by another trainer from its file; all that it told."""
    before, after = Witness(left_after), Witness()
    _leave(trainer_for(config, before, compute), path)
    trainer = trainer_for(config, after, compute)
    torch.rand(7)  # whatever else was drawn meanwhile must not matter
    trainer.restore(load_checkpoint(path, "run"))
    path.unlink()  # some 200 MB of a ResNet18
    assert trainer.progress.step == left_after
    assert trainer.run() == Request(Ending.COMPLETE)
    return trainer, tuple(one + two for one, two in zip(before.told(), after.told(), strict=True))


def _leave(trainer: Trainer, path: Path) -> None:
    assert trainer.run() == Request(Ending.SUSPEND)
    save_checkpoint(path, trainer.checkpoint())


def state_of(trainer: Trainer) -> dict[str, Any]:
    """All that a checkpoint of the run holds but the time that it took."""
    content = dict(vars(trainer.checkpoint()))
    return content | {"progress": {**content["progress"], "elapsed_s": 0.0}}


def equal(left: Any, right: Any) -> bool:
    """Whether two states are the same to the last bit, tensors of nested ones included."""
    if isinstance(left, torch.Tensor):
        return torch.equal(left, right)
    if isinstance(left, Mapping):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right
