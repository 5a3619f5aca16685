"""The loop: what it reports, and that leaving it anywhere and coming back changes no weight."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rsdash.config import RunConfig
from rsdash.errors import RunError
from rsdash.models.registry import build_model, freeze_all_but_head, head_parameter_names
from rsdash.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from rsdash.training.compute import Compute
from rsdash.training.control import Ending, Request
from rsdash.training.measure import Score
from rsdash.training.progress import Progress, Sums
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.tiles import PixelScale, Tiles
from rsdash.training.trainer import Material, Trainer
from tests.tiny import draw_tile, small_config

CPU = Compute(torch.device("cpu"), torch.float32, "CPU")
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
        "learning_rate": 0.0003,
        "warmup_epochs": 1.0,
        "flip": "horizontal",
    },
}


class Witness:
    """Remembers what the loop reports, and asks it to leave after some steps."""

    def __init__(self, leave_after: int | None = None) -> None:
        self.steps = 0
        self.leave_after = leave_after
        self.intervals: list[tuple[Sums, float]] = []
        self.epochs: list[tuple[int, Sums, Score]] = []
        self.checkpoints: list[int] = []

    def poll(self) -> Request | None:
        self.steps += 1
        return Request(Ending.SUSPEND) if self.steps == self.leave_after else None

    def on_interval(self, progress: Progress, interval: Sums, rate: float) -> None:
        self.intervals.append((interval, rate))

    def on_epoch(self, progress: Progress, training: Sums, validation: Score | None) -> None:
        assert validation
        self.epochs.append((progress.epoch, training, validation))

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints.append(int(checkpoint.progress["step"]))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def material(config: RunConfig, rows: np.ndarray = TRAINING_ROWS) -> Material:
    seed_network(config.seed, Stream.WEIGHTS)
    model = build_model(config, 3).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword

    def tiles(rows: np.ndarray) -> Tiles:
        scale = PixelScale((0.4,) * 3, (0.2,) * 3)
        return Tiles(PIXELS, LABELS, rows=rows, side_px=config.im_size, scale=scale, device=CPU.device)

    return Material(model, head_parameter_names(model), tiles(rows), tiles(VALIDATION_ROWS), CPU)


def trainer_for(config: RunConfig, witness: Witness | None = None) -> Trainer:
    return Trainer("run", config, material(config), witness or Witness())


def recipe(name: str, **changes: Any) -> RunConfig:
    return small_config(**{"epochs": 3, **RECIPES[name], **changes})


@cache
def undisturbed(name: str) -> tuple[Trainer, Witness]:
    witness = Witness()
    trainer = trainer_for(recipe(name), witness)
    assert trainer.run() == Request(Ending.COMPLETE)
    return trainer, witness


def equal(left: Any, right: Any) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kill_after", [1, 2 * STEPS_PER_EPOCH - 1, 2 * STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH])
def test_a_resumed_run_ends_with_the_weights_of_one_never_disturbed(
    tmp_path: Path, name: str, kill_after: int
) -> None:
    config = recipe(name)
    twin, twins_witness = undisturbed(name)
    first = trainer_for(config, Witness(kill_after))
    assert first.run() == Request(Ending.SUSPEND)
    save_checkpoint(tmp_path / "last.ckpt", first.checkpoint())

    witness = Witness()
    second = trainer_for(config, witness)
    torch.rand(7)  # whatever else was drawn meanwhile must not matter
    second.restore(load_checkpoint(tmp_path / "last.ckpt", "run"))
    assert second.progress.step == kill_after
    assert second.run() == Request(Ending.COMPLETE)

    assert witness.steps == 3 * STEPS_PER_EPOCH - kill_after
    assert equal(second.checkpoint().model, twin.checkpoint().model)
    assert equal(second.checkpoint().average, twin.checkpoint().average)
    assert equal(second.reported_weights(), twin.reported_weights())
    assert second.progress.accuracies == twin.progress.accuracies
    assert second.progress.best_epoch == twin.progress.best_epoch
    assert [score for _, _, score in witness.epochs] == [
        score for _, _, score in twins_witness.epochs[-len(witness.epochs) :]
    ]
    last, twins_last = witness.epochs[-1][1], twins_witness.epochs[-1][1]
    assert (last.right, last.images) == (twins_last.right, twins_last.images)
    assert last.loss == pytest.approx(twins_last.loss, rel=1e-6)


def test_another_seed_is_another_run() -> None:
    other = trainer_for(recipe("paper", seed=1))
    other.run()
    assert not equal(other.reported_weights(), undisturbed("paper")[0].reported_weights())


def test_a_small_network_learns_the_tiles() -> None:
    trainer = trainer_for(recipe("paper", epochs=8))
    trainer.run()
    assert trainer.progress.accuracies[-1] > 0.9


def test_every_image_is_seen_once_an_epoch_and_every_step_is_reported() -> None:
    trainer, witness = undisturbed("paper")
    assert (trainer.steps_per_epoch, trainer.total_steps) == (STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH)
    assert [sums.images for sums, _ in witness.intervals] == [16, 16, 8] * 3
    assert [(epoch, sums.images) for epoch, sums, _ in witness.epochs] == [(1, 40), (2, 40), (3, 40)]
    assert {rate for _, rate in witness.intervals} == {0.001}
    for number, (_, sums, _) in enumerate(witness.epochs):
        parts = [part for part, _ in witness.intervals[3 * number : 3 * number + 3]]
        assert sums.loss == pytest.approx(sum(part.loss for part in parts))
        assert sums.right == sum(part.right for part in parts)


@torch.no_grad()
def test_the_measured_loss_is_plain_cross_entropy_of_the_averaged_model() -> None:
    trainer, witness = undisturbed("sgd")
    model = build_model(recipe("sgd"), 3)
    model.load_state_dict(trainer.checkpoint().average)
    model.eval()
    raw = torch.from_numpy(PIXELS[VALIDATION_ROWS]).permute(0, 3, 1, 2).float() / 255
    images = F.interpolate((raw - 0.4) / 0.2, (63, 63), mode="bilinear", align_corners=False)
    logits, labels = model(images), torch.from_numpy(LABELS[VALIDATION_ROWS])
    score = witness.epochs[-1][2]
    assert score.loss == pytest.approx(float(F.cross_entropy(logits, labels)), abs=1e-5)
    assert score.accuracy == pytest.approx(float((logits.argmax(1) == labels).float().mean()))
    assert score.images == len(VALIDATION_ROWS)


def test_the_best_epochs_weights_are_reported_and_kept_through_later_epochs() -> None:
    trainer, witness = undisturbed("modern")
    best = max(score.accuracy for _, _, score in witness.epochs)
    first_best = next(epoch for epoch, _, score in witness.epochs if score.accuracy == best)
    assert trainer.progress.best_epoch == first_best
    shorter = trainer_for(recipe("modern"), Witness(first_best * STEPS_PER_EPOCH))
    shorter.run()
    assert equal(shorter.checkpoint().model, trainer.reported_weights())


@pytest.mark.parametrize(
    ("images", "size", "steps"),
    [(40, 16, 3), (33, 16, 2), (34, 16, 3), (32, 16, 2), (16, 16, 1), (3, 1, 3), (2, 2, 1)],
)
def test_a_last_batch_of_one_image_is_left_out(images: int, size: int, steps: int) -> None:
    config = small_config(batch_size=size)
    trainer = Trainer("run", config, material(config, np.arange(images)), Witness())
    assert trainer.steps_per_epoch == steps


def test_a_loss_that_is_no_number_ends_the_run_with_advice() -> None:
    trainer = trainer_for(recipe("paper", optimizer="sgd", learning_rate=100.0))
    with pytest.raises(RunError, match=r"no longer a number at step \d+.*Lower the learning rate"):
        trainer.run()


def test_checkpoints_within_an_epoch_come_when_their_time_has_passed() -> None:
    often, seldom = Witness(), Witness()
    trainer_for(recipe("paper", checkpoint_minutes=1e-7), often).run()
    trainer_for(recipe("paper"), seldom).run()
    assert often.checkpoints == list(range(1, 3 * STEPS_PER_EPOCH + 1))
    assert seldom.checkpoints == []


def test_frozen_features_stay_while_the_head_learns() -> None:
    config = recipe("paper", train_layers="head")
    parts = material(config)
    freeze_all_but_head(parts.model)
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}
    Trainer("run", config, parts, Witness()).run()
    changed = {
        name for name, value in parts.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == parts.head
