"""Layer groups, gradient norms and update ratios against figures computed in full beside them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rsdash.config import RunConfig
from rsdash.models.registry import build_model, freeze_all_but_head
from rsdash.training import gradients
from rsdash.training.gradients import GradientWatch, LayerFigures, sample_every
from rsdash.training.layers import MOST_GROUPS, layer_groups
from tests.tiny import small_config

BLOCKS_18 = [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]


def names(model: nn.Module) -> list[str]:
    return [group.name for group in layer_groups(model)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model": "alexnet"}, [*(f"conv{n}" for n in range(1, 6)), "hidden1", "hidden2", "head"]),
        (
            {"model": "alexnet", "norm": "batch", "hidden_layers": 1},
            [*(f"conv{n}" for n in range(1, 6)), "hidden1", "head"],
        ),
        ({"model": "resnet18"}, ["conv1", *BLOCKS_18, "fc"]),
        ({"model": "resnet18", "skip": False}, ["conv1", *BLOCKS_18, "fc"]),
        ({"model": "torchvision/resnet101"}, ["conv1", *(f"layer{n}" for n in range(1, 5)), "fc"]),
    ],
)
def test_layers_are_grouped_from_input_to_output(settings: dict[str, Any], expected: list[str]) -> None:
    width = 0.125 if settings["model"] == "alexnet" else 1.0
    assert names(build_model(RunConfig(**settings, width=width), 10)) == expected


@pytest.mark.parametrize("name", ["timm/vit_tiny_patch16_224", "torchvision/densenet121", "timm/coat_tiny"])
def test_any_network_gives_a_few_groups_that_hold_every_parameter_once(name: str) -> None:
    model = build_model(RunConfig(model=name), 10)
    groups = layer_groups(model)
    assert 5 <= len(groups) <= MOST_GROUPS
    held = [id(parameter) for group in groups for parameter in group.parameters]
    assert sorted(held) == sorted(id(parameter) for parameter in model.parameters())
    assert len({group.name for group in groups}) == len(groups)


def test_a_network_of_very_many_parts_is_merged() -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for number in range(60):
                self.add_module(f"part{number}", nn.Linear(2, 2))

    found = names(Wide())
    assert len(found) == 20 and found[0] == "part0 … part2"


def fetched(watch: GradientWatch) -> LayerFigures | None:
    taken = watch.take()
    return taken() if taken else None


def step_of(model: nn.Module, watch: GradientWatch, *, clip: float = 0.0) -> dict[str, torch.Tensor]:
    """One step of plain gradient descent; what the weights were before it."""
    images = torch.randn(8, 3, 63, 63, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)
    F.cross_entropy(model(images), torch.arange(8) % 3).backward()
    watch.before_update()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    if clip:
        nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    watch.after_update()
    return before


def test_norms_and_ratios_are_those_of_all_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "SAMPLED_NUMBERS", 10**9)
    torch.manual_seed(0)
    model = build_model(small_config(), 3).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword
    watch = GradientWatch(model)
    before = step_of(model, watch)
    figures = fetched(watch)
    assert figures
    assert watch.groups[0].name == "conv1"
    for place, group in enumerate(watch.groups):
        squares = sum(float(p.grad.double().square().sum()) for p in group.parameters if p.grad is not None)
        assert figures.norms[place] == pytest.approx(squares**0.5, rel=1e-3)
        held = {id(p) for p in group.parameters}
        own = [name for name, p in model.named_parameters() if id(p) in held]
        moved = sum(float((model.state_dict()[n] - before[n]).double().square().sum()) for n in own)
        was = sum(float(before[name].double().square().sum()) for name in own)
        assert figures.ratios[place] == pytest.approx((moved / was) ** 0.5, rel=1e-3)
    assert fetched(watch) is None


def test_a_large_matrix_is_sampled_and_still_within_a_few_per_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, sampled = [], []
    for most, into in ((10**9, exact), (2_000, sampled)):
        monkeypatch.setattr(gradients, "SAMPLED_NUMBERS", most)
        torch.manual_seed(0)
        model = build_model(small_config(), 3)
        watch = GradientWatch(model)
        step_of(model, watch)
        figures = fetched(watch)
        assert figures
        into += [figures.ratios, figures.norms]
    assert sampled[1] == exact[1], "gradients are measured in full"
    assert sampled[0] == pytest.approx(exact[0], rel=0.15)
    assert sampled[0] != exact[0]


def test_norms_are_taken_before_clipping() -> None:
    torch.manual_seed(0)
    model = build_model(small_config(), 3)
    watch = GradientWatch(model)
    step_of(model, watch, clip=1e-4)
    figures = fetched(watch)
    assert figures and all(norm and norm > 1e-3 for norm in figures.norms)
    assert all(ratio is not None and ratio < 1e-5 for ratio in figures.ratios)


def test_layers_that_do_not_learn_and_gradients_that_are_no_numbers_give_none() -> None:
    torch.manual_seed(0)
    model = build_model(small_config(), 3)
    freeze_all_but_head(model)
    watch = GradientWatch(model)
    step_of(model, watch)
    figures = fetched(watch)
    assert figures and figures.norms[:-1] == figures.ratios[:-1] == (None,) * 6
    assert figures.norms[-1] and figures.ratios[-1]
    for parameter in watch.groups[-1].parameters:
        assert parameter.grad is not None
        parameter.grad.fill_(float("inf"))
    watch.before_update()
    watch.after_update()
    figures = fetched(watch)
    assert figures and figures.norms[-1] is None


@pytest.mark.parametrize("steps", [1, 3, 9, 10, 11, 40, 99, 100, 337, 5000])
def test_a_few_steps_of_every_epoch_are_measured_when_a_row_is_logged_anyway(steps: int) -> None:
    log_every = max(1, steps // 50)
    every = sample_every(steps, log_every)
    measured = range(every, steps + 1, every)
    assert 1 <= len(measured) <= 8
    assert every % log_every == 0 or every == steps
    assert every >= min(10, steps)
