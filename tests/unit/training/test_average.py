"""Averaged weights: how they follow, and that they are measured with statistics of their own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rsdash.training.average import WeightAverage
from rsdash.training.batches import SETTLING_IMAGES, epoch_order
from rsdash.training.trainer import Trainer
from tests.loop import CPU, STEPS_PER_EPOCH, TRAINING_ROWS, Witness, equal, material, recipe, trainer_for

pytestmark = pytest.mark.usefixtures("one_thread")


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))


def test_the_average_follows_the_weights_with_a_rising_decay() -> None:
    model = net()
    average = WeightAverage(model, 0.5)
    weight, followed = model.get_parameter("0.weight"), average.model.get_parameter("0.weight")
    start = weight.detach().clone()
    with torch.no_grad():
        weight += 1.0
    model.get_buffer("1.num_batches_tracked").fill_(7)
    average.update(1)  # decay min(0.5, 2 / 11)
    assert torch.allclose(followed, start + 9 / 11)
    average.update(1_000)  # decay 0.5
    assert torch.allclose(followed, start + 1 - (2 / 11) / 2)
    average.take_buffers()
    assert int(average.model.get_buffer("1.num_batches_tracked")) == 7
    assert not average.model.training and not any(p.requires_grad for p in average.model.parameters())


def test_statistics_are_those_of_the_averaged_weights_as_they_are_used() -> None:
    average = WeightAverage(net(), 0.5)
    with torch.no_grad():
        average.model.get_parameter("0.weight").mul_(3.0)
    batches = list(torch.randn(5, 16, 4))
    average.settle(batches, CPU, on_batch=lambda: None)
    hidden = average.model.get_submodule("0")(torch.stack(batches)).detach()  # (5, 16, 3)
    norm = average.model.get_submodule("1")
    assert torch.allclose(norm.get_buffer("running_mean"), hidden.mean((0, 1)), atol=1e-6)
    assert torch.allclose(norm.get_buffer("running_var"), hidden.var(1).mean(0), rtol=1e-5)
    assert not any(layer.training for layer in average.model.modules())
    assert isinstance(norm, nn.BatchNorm1d) and norm.momentum == 0.1


def test_one_that_is_left_while_it_settles_settles_anew() -> None:
    average, batches = WeightAverage(net(), 0.5), list(torch.randn(5, 16, 4))
    undisturbed = copy.deepcopy(average)
    undisturbed.settle(batches, CPU, on_batch=lambda: None)
    looks = iter([None, None])
    with pytest.raises(StopIteration):
        average.settle(batches, CPU, on_batch=lambda: next(looks))
    assert not any(layer.training for layer in average.model.modules())
    average.settle(batches, CPU, on_batch=lambda: None)
    assert equal(average.model.state_dict(), undisturbed.model.state_dict())


def test_a_batch_counts_by_its_images_when_an_average_settles() -> None:
    average, images = WeightAverage(net(), 0.5), torch.randn(18, 4)
    average.settle(images.split(16), CPU, on_batch=lambda: None)
    hidden = average.model.get_submodule("0")(images).detach()
    mean = average.model.get_submodule("1").get_buffer("running_mean")
    assert torch.allclose(mean, hidden.mean(0), atol=1e-6)


def test_while_the_body_is_frozen_the_average_is_measured_with_the_statistics_its_head_learnt_on() -> None:
    config = recipe("unfreezing")
    parts = material(config)
    statistics = {name: value for name, value in parts.model.named_buffers() if "running" in name}
    for value in statistics.values():  # as of weights that were trained on other images
        value.add_(0.5)
    foreign = {name: value.clone() for name, value in statistics.items()}
    trainer = Trainer("run", config, parts, Witness(STEPS_PER_EPOCH - 1))  # within its frozen epoch
    trainer.run()
    reported = trainer.reported_weights()
    assert statistics and equal({name: reported[name] for name in foreign}, foreign)


@pytest.mark.parametrize("leave_after", [STEPS_PER_EPOCH + 1, 2 * STEPS_PER_EPOCH, None])
def test_what_a_run_reports_has_settled_on_training_images_without_random_changes(
    leave_after: int | None,
) -> None:
    config = recipe("unfreezing", epochs=2, flip="symmetries", crop=0.3)
    trainer = trainer_for(config, Witness(leave_after))
    trainer.run()
    reported = trainer.reported_weights()
    tiles, progress = material(config).training, trainer.progress
    epoch = progress.epoch if leave_after else progress.epoch - 1  # counted from 0, the one in hand
    assert len(TRAINING_ROWS) < SETTLING_IMAGES
    average = WeightAverage(material(config).model, 0.9)
    average.model.load_state_dict(reported)
    parts = epoch_order(tiles.labels, config, epoch).split(config.batch_size)
    average.settle([tiles.batch(part)[0] for part in parts], CPU, on_batch=lambda: None)
    assert equal(average.model.state_dict(), reported)
