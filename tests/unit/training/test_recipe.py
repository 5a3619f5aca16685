"""Randomness, schedules, losses and optimizers against values computed by hand, numpy or torch itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.training.average import WeightAverage
from rsdash.training.randomness import Stream, generator_for, seed_for, seed_network
from rsdash.training.recipe import make_optimizer, rate_factor, set_rate, training_loss


def rates(steps_per_epoch: int, **settings: Any) -> list[float]:
    config = RunConfig(**settings)
    total = config.epochs * steps_per_epoch
    return [rate_factor(config, step, steps_per_epoch=steps_per_epoch) for step in range(total)]


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def test_a_draw_follows_from_its_counters_alone() -> None:
    first = torch.rand(5, generator=generator_for(1, Stream.ORDER, epoch=2, step=3))
    torch.manual_seed(99)
    torch.rand(100)
    again = torch.rand(5, generator=generator_for(1, Stream.ORDER, epoch=2, step=3))
    assert torch.equal(first, again)


def test_no_two_draws_share_a_seed() -> None:
    seeds = [
        seed_for(seed, stream, epoch=epoch, step=step)
        for seed in range(4)
        for stream in Stream
        for epoch in range(5)
        for step in range(25)
    ]
    assert len(set(seeds)) == len(seeds) == 2_000
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_dropout_follows_the_networks_seed() -> None:
    def drop(step: int) -> torch.Tensor:
        seed_network(0, Stream.NETWORK, epoch=1, step=step)
        return nn.functional.dropout(torch.ones(64), 0.5)

    assert torch.equal(drop(1), drop(1))
    assert not torch.equal(drop(1), drop(2))


def test_a_constant_rate_stays() -> None:
    assert rates(3, epochs=2) == [1.0] * 6


def test_cosine_falls_from_one_towards_zero() -> None:
    expected = [1.0, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]
    assert rates(2, epochs=2, schedule="cosine") == pytest.approx(expected)


def test_step_takes_a_tenth_after_each_third() -> None:
    assert rates(3, epochs=3, schedule="step") == pytest.approx([1] * 3 + [0.1] * 3 + [0.01] * 3)


def test_warm_up_rises_linearly_and_the_schedule_follows() -> None:
    found = rates(4, epochs=2, warmup_epochs=1, schedule="cosine")
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4:] == pytest.approx([1.0, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2])


def test_one_cycle_rises_over_3_tenths_and_falls_to_nearly_nothing() -> None:
    found = rates(101, epochs=1, schedule="one-cycle")
    assert found[0] == pytest.approx(1 / 25)
    assert found[15] == pytest.approx((1 / 25 + 1) / 2)
    assert found[30] == pytest.approx(1.0)
    assert found[65] == pytest.approx((1 + 1 / 25_000) / 2)
    assert found[100] == pytest.approx(1 / 25_000)
    assert max(found) == found[30]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "step"])
def test_a_run_of_a_single_step_has_a_rate(schedule: str) -> None:
    [rate] = rates(1, epochs=1, schedule=schedule)
    assert 0 < rate <= 1


def test_decay_spares_biases_and_normalization_and_the_head_learns_faster() -> None:
    model = net()
    config = RunConfig(optimizer="adamw", l2=0.1, learning_rate=0.01, head_rate_factor=5)
    optimizer = make_optimizer(model, config, {"2.weight", "2.bias"})
    found = {
        name: (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for name, parameter in model.named_parameters()
        if any(parameter is member for member in group["params"])
    }
    assert found == {
        "0.weight": (0.01, 0.1),
        "0.bias": (0.01, 0.0),
        "1.weight": (0.01, 0.0),
        "1.bias": (0.01, 0.0),
        "2.weight": (0.05, 0.1),
        "2.bias": (0.05, 0.0),
    }
    set_rate(optimizer, 0.005)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == pytest.approx([0.005, 0.025])


def test_frozen_layers_are_not_given_to_the_optimizer() -> None:
    model = net()
    model[0].requires_grad_(False)
    optimizer = make_optimizer(model, RunConfig(), set())
    given = sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
    assert given == 3 + 3 + 6 + 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", torch.optim.SGD),
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("rmsprop", torch.optim.RMSprop),
    ],
)
def test_the_optimizer_is_torchs_with_the_settings_momentum(name: str, kind: type) -> None:
    config = RunConfig.model_validate({"optimizer": name, "momentum": 0.8})
    optimizer = make_optimizer(net(), config, set())
    assert type(optimizer) is kind
    group = optimizer.param_groups[0]
    assert group.get("momentum", group.get("betas", (None,))[0]) == 0.8


def test_the_loss_is_cross_entropy_with_smoothing_by_hand() -> None:
    logits, labels = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])
    total = math.log(math.exp(2) + 1 + math.exp(-1))
    plain = total - 2
    uniform = total - (2 + 0 - 1) / 3
    assert float(training_loss(logits, labels, net(), RunConfig())) == pytest.approx(plain, rel=1e-6)
    smoothed = training_loss(logits, labels, net(), RunConfig(label_smoothing=0.3))
    assert float(smoothed) == pytest.approx(0.7 * plain + 0.3 * uniform, rel=1e-6)


def test_l1_adds_the_absolute_weights() -> None:
    model = net()
    logits, labels = torch.zeros(1, 2), torch.tensor([0])
    penalty = sum(float(parameter.detach().abs().sum()) for parameter in model.parameters())
    loss = training_loss(logits, labels, model, RunConfig(l1=0.01))
    assert float(loss.detach()) == pytest.approx(math.log(2) + 0.01 * penalty, rel=1e-5)


def test_the_average_follows_the_weights_with_a_rising_decay() -> None:
    model = net()
    average = WeightAverage(model, 0.5)
    weight, followed = model.get_parameter("0.weight"), average.model.get_parameter("0.weight")
    start = weight.detach().clone()
    with torch.no_grad():
        weight += 1.0
    model.get_buffer("1.num_batches_tracked").fill_(7)
    average.update(model, 1)  # decay min(0.5, 2 / 11)
    assert torch.allclose(followed, start + 9 / 11)
    average.update(model, 1_000)  # decay 0.5
    assert torch.allclose(followed, start + 1 - (2 / 11) / 2)
    assert int(average.model.get_buffer("1.num_batches_tracked")) == 7
    assert not average.model.training and not any(p.requires_grad for p in average.model.parameters())
