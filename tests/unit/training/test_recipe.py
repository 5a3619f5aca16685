"""Randomness, losses and optimizers against values computed by hand, numpy or torch itself."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.training.randomness import Stream, generator_for, seed_for, seed_network
from rsdash.training.recipe import l1_penalty, make_optimizer, set_rate, training_loss


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
    assert len(set(seeds)) == len(seeds) == 4 * len(Stream) * 125
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_dropout_follows_the_networks_seed() -> None:
    def drop(step: int) -> torch.Tensor:
        seed_network(0, Stream.NETWORK, epoch=1, step=step)
        return nn.functional.dropout(torch.ones(64), 0.5)

    assert torch.equal(drop(1), drop(1))
    assert not torch.equal(drop(1), drop(2))


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
    assert float(training_loss(logits, labels, RunConfig())) == pytest.approx(plain, rel=1e-6)
    smoothed = training_loss(logits, labels, RunConfig(label_smoothing=0.3))
    assert float(smoothed) == pytest.approx(0.7 * plain + 0.3 * uniform, rel=1e-6)


def test_nesterov_is_torchs() -> None:
    plain = make_optimizer(net(), RunConfig(optimizer="sgd"), set())
    ahead = make_optimizer(net(), RunConfig(optimizer="sgd", nesterov=True), set())
    assert not plain.param_groups[0]["nesterov"] and ahead.param_groups[0]["nesterov"]


def test_class_weights_multiply_each_images_loss_and_leave_the_number_of_images() -> None:
    logits, labels = torch.tensor([[2.0, 0.0], [0.5, 1.0], [0.0, 3.0]]), torch.tensor([0, 1, 1])
    each = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(-0.5)), math.log(1 + math.exp(-3))]
    weights = torch.tensor([1.5, 0.75])
    expected = (1.5 * each[0] + 0.75 * each[1] + 0.75 * each[2]) / 3
    whole = training_loss(logits, labels, RunConfig(), weights)
    assert float(whole) == pytest.approx(expected, rel=1e-6)
    parts = [training_loss(logits[part], labels[part], RunConfig(), weights) for part in ([0, 1], [2])]
    assert float(whole) == pytest.approx((2 * float(parts[0]) + float(parts[1])) / 3, rel=1e-6)


@pytest.mark.parametrize("labels", [torch.tensor([0, 1]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])])
def test_class_weights_do_not_change_what_smoothed_labels_ask_for(labels: torch.Tensor) -> None:
    asked = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])  # 0.7 and 0.3 evenly over three classes
    logits = asked.log().requires_grad_()
    loss = training_loss(logits, labels, RunConfig(label_smoothing=0.3), torch.tensor([0.1, 5.0, 20.0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.abs().max() < 1e-6


def test_a_blend_of_two_classes_costs_the_blend_of_their_losses() -> None:
    logits, blend = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[0.7, 0.0, 0.3]])
    total = math.log(math.exp(2) + 1 + math.exp(-1))
    expected = 0.7 * (total - 2) + 0.3 * (total + 1)
    assert float(training_loss(logits, blend, RunConfig())) == pytest.approx(expected, rel=1e-6)
    weighted = training_loss(logits, blend, RunConfig(), torch.tensor([2.0, 1.0, 0.5]))
    expected = 2 * 0.7 * (total - 2) + 0.5 * 0.3 * (total + 1)
    assert float(weighted) == pytest.approx(expected, rel=1e-6)


def test_the_l1_penalty_is_the_sum_of_the_sizes_of_all_learnt_weights() -> None:
    model = net()
    frozen, *learnt = model.parameters()
    frozen.requires_grad_(False)
    expected = 0.01 * sum(float(parameter.detach().abs().sum()) for parameter in learnt)
    assert float(l1_penalty(model, RunConfig(l1=0.01)).detach()) == pytest.approx(expected, rel=1e-5)
