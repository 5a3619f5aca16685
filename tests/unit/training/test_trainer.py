"""The loop: what it measures, reports, leaves out and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_sample_weight
from torch import nn

from rsdash.errors import RunError
from rsdash.models.registry import build_model, freeze_all_but_head
from rsdash.runs.amendments import Amendment
from rsdash.training import trainer as trainer_module
from rsdash.training.control import Ending, Request
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

pytestmark = pytest.mark.usefixtures("one_thread")


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
    raw = torch.from_numpy(PIXELS[VALIDATION_ROWS]).permute(0, 3, 1, 2)
    levels = F.interpolate(raw, (63, 63), mode="bilinear", align_corners=False)
    images = (levels.float() / 255 - 0.4) / 0.2
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
    with pytest.raises(RunError, match=r"no longer a number at step \d+.*Lower the .* rate.*Clone to form"):
        trainer.run()


def test_checkpoints_within_an_epoch_come_when_their_time_has_passed() -> None:
    often, seldom = Witness(), Witness()
    trainer_for(recipe("paper", checkpoint_minutes=1e-7), often).run()
    trainer_for(recipe("paper"), seldom).run()
    assert often.checkpoints == list(range(1, 3 * STEPS_PER_EPOCH + 1))
    assert seldom.checkpoints == []


def test_a_length_that_is_replayed_later_counts_from_the_beginning() -> None:
    longer = Amendment(step=STEPS_PER_EPOCH + 1, setting="epochs", value=7)
    config = recipe("paper")
    trainer = Trainer("run", config, material(config), Witness(leave_after=1), amendments=[longer])
    trainer.run()
    assert (trainer.config.epochs, trainer.total_steps) == (config.epochs, 7 * STEPS_PER_EPOCH)


@pytest.mark.parametrize(("images", "size"), [(99, 1), (50, 1), (51, 1), (149, 1), (10, 4)])
def test_no_epoch_logs_more_rows_than_are_drawn(images: int, size: int) -> None:
    config, witness = recipe("paper", batch_size=size, epochs=1, im_size=64), Witness()
    rows = np.resize(np.arange(len(LABELS)), images)
    Trainer("run", config, material(config, rows), witness).run()
    assert len(witness.intervals) <= trainer_module.LOGGED_PER_EPOCH
    assert sum(sums.images for sums, _ in witness.intervals) == images


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


def test_only_the_head_learns_in_frozen_epochs_and_everything_afterwards() -> None:
    config = recipe("unfreezing", ema_decay=0.0)
    parts = material(config)
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}

    def changed(model: nn.Module) -> set[str]:
        now = model.state_dict()
        return {name for name, value in now.items() if not torch.equal(value, before[name])}

    first = Trainer("run", config, parts, Witness(STEPS_PER_EPOCH))
    first.run()
    assert changed(parts.model) == parts.head  # batch normalization's running averages stay too
    later = material(config)
    again = Trainer("run", config, later, Witness())
    again.restore(first.checkpoint())
    again.run()
    assert changed(later.model) == set(before)


def test_the_plateau_schedule_lowers_the_rate_once_the_loss_no_longer_falls() -> None:
    config = recipe("plateau", learning_rate=1e-12, epochs=4, plateau_epochs=2)  # nothing is learnt
    witness = Witness()
    trainer = trainer_for(config, witness)
    trainer.run()
    rates = [rate for _, rate in witness.intervals[::STEPS_PER_EPOCH]]
    assert rates == pytest.approx([1e-12, 1e-12, 1e-12, 1e-13])
    assert trainer.progress.losses == [score.loss for _, _, score in witness.epochs]


def test_without_validation_images_the_training_loss_decides_about_plateaus() -> None:
    config = recipe("plateau", patience=0, validation_share=0.0)
    witness = Witness()
    trainer = Trainer("run", config, replace(material(config), decides=False), witness)
    trainer.run()
    assert trainer.progress.losses == [training.mean_loss for _, training, _ in witness.epochs]


def test_a_run_ends_early_once_its_patience_is_used_up() -> None:
    config = recipe("plateau", learning_rate=1e-12, epochs=9, patience=2)
    witness = Witness()
    trainer = trainer_for(config, witness)
    assert trainer.run() == Request(Ending.COMPLETE)
    assert len(witness.epochs) == trainer.progress.epoch == 3
    assert witness.early_ends == [(3, 2)]
    again = trainer_for(config, witness)
    again.restore(trainer.checkpoint())  # as after a crash between the last epoch and the figures
    assert again.run() == Request(Ending.COMPLETE) and again.progress.epoch == 3


def test_mixed_images_count_as_right_where_the_stronger_class_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = recipe("unfreezing", epochs=2, learning_rate=1e-12, dropout=0.0, norm="none")
    parts, seen, named = material(config), [], []
    take = trainer_module.training_batch

    def note(*arguments: Any, **keywords: Any) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = take(*arguments, **keywords)
        seen.append(labels)
        return images, labels

    parts.model.register_forward_hook(
        lambda module, _, logits: named.append(logits.argmax(1)) if len(named) < len(seen) else None
    )
    monkeypatch.setattr(trainer_module, "training_batch", note)
    witness = Witness()
    Trainer("run", config, parts, witness).run()
    right = [
        int((mixed.argmax(1) == guess).sum())
        for mixed, guess in zip(seen[:STEPS_PER_EPOCH], named[:STEPS_PER_EPOCH], strict=True)
    ]
    assert witness.epochs[0][1].right == sum(right)


def test_class_weights_weigh_the_training_loss_alone() -> None:
    rows = np.array([row for row in range(40) if row % 3 == 0 or row < 12])  # class 0 is the largest
    config = recipe("paper", epochs=1, learning_rate=1e-12, dropout=0.0, balance="weights")
    parts, witness = material(config, rows), Witness()
    images, _ = parts.training.batch(torch.arange(len(rows)))
    labels = LABELS[rows]
    with torch.no_grad():
        each = F.cross_entropy(parts.model.eval()(images), torch.from_numpy(labels), reduction="none")
    weights = compute_sample_weight("balanced", labels)
    assert len(set(weights)) == 2
    Trainer("run", config, parts, witness).run()
    [(_, training, validation)] = witness.epochs
    assert training.mean_loss == pytest.approx(float((each * torch.from_numpy(weights)).mean()), rel=1e-4)
    unweighted = Witness()
    plain = config.model_copy(update={"balance": "none"})
    Trainer("run", plain, material(plain, rows), unweighted).run()
    assert unweighted.epochs[0][1].mean_loss == pytest.approx(float(each.mean()), rel=1e-4)
    assert validation.loss == pytest.approx(unweighted.epochs[0][2].loss, rel=1e-6)


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
