"""The loop: what it measures, reports, leaves out and refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rsdash.errors import RunError
from rsdash.models.registry import build_model, freeze_all_but_head
from rsdash.training.trainer import Trainer
from tests.loop import (
    LABELS,
    PIXELS,
    STEPS_PER_EPOCH,
    VALIDATION_ROWS,
    Witness,
    equal,
    material,
    recipe,
    trainer_for,
    undisturbed,
)
from tests.tiny import small_config


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def test_no_two_steps_share_their_dropout() -> None:
    config, seeds = recipe("paper"), []
    parts = material(config)
    parts.model.get_submodule("classifier").register_forward_pre_hook(
        lambda module, _: seeds.append(torch.initial_seed()) if module.training else None
    )
    Trainer("run", config, parts, Witness()).run()
    assert len(set(seeds)) == len(seeds) == 3 * STEPS_PER_EPOCH


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


def test_the_measured_loss_is_plain_cross_entropy_of_the_averaged_model() -> None:
    trainer, witness = undisturbed("sgd")
    model = build_model(recipe("sgd"), 3)
    model.load_state_dict(trainer.checkpoint().average)
    model.eval()
    raw = torch.from_numpy(PIXELS[VALIDATION_ROWS]).permute(0, 3, 1, 2).float() / 255
    images = F.interpolate((raw - 0.4) / 0.2, (63, 63), mode="bilinear", align_corners=False)
    with torch.no_grad():
        logits = model(images)
    labels = torch.from_numpy(LABELS[VALIDATION_ROWS])
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


def test_gradients_of_a_step_of_each_epoch_are_reported_when_its_row_is_logged() -> None:
    trainer, witness = undisturbed("modern")
    assert [step for step, _ in witness.layers] == [STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH]
    for _, figures in witness.layers:
        assert len(figures.norms) == len(figures.ratios) == len(trainer.layers) == 7
        assert all(norm and norm > 0 for norm in figures.norms)
        assert all(ratio and 0 < ratio < 1 for ratio in figures.ratios)


def test_measuring_gradients_changes_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsdash.training.trainer.sample_every", lambda steps, log_every: 10**9)
    blind = trainer_for(recipe("modern"))
    blind.run()
    assert equal(blind.reported_weights(), undisturbed("modern")[0].reported_weights())


def test_the_time_of_steps_and_of_their_images_is_reported() -> None:
    trainer, witness = undisturbed("paper")
    for interval, _ in witness.intervals:
        assert 0 < interval.data_s < interval.seconds
    total = sum(interval.seconds for interval, _ in witness.intervals)
    assert total < trainer.progress.elapsed_s
    assert witness.epochs[0][1].seconds == pytest.approx(
        sum(interval.seconds for interval, _ in witness.intervals[:STEPS_PER_EPOCH])
    )
