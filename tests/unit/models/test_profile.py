"""The costs of a model, against published and hand-counted ones."""

from __future__ import annotations

import pytest
import torch

from rsdash.config import RunConfig
from rsdash.errors import ModelError
from rsdash.models.profile import ModelProfile, profile_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def resnet18() -> ModelProfile:
    return profile_model(RunConfig(model="resnet18", batch_size=2), 1000, device=CPU)


def test_parameters_and_operations_are_the_published_ones(resnet18: ModelProfile) -> None:
    # torchvision's documentation of ResNet18_Weights: 11,689,512 parameters, 1.81 G multiply-adds
    assert resnet18.parameters == resnet18.trainable_parameters == 11_689_512
    assert resnet18.flops / 2 == pytest.approx(1.81e9, rel=0.01)


def test_times_are_positive_and_a_step_costs_more_than_forward(resnet18: ModelProfile) -> None:
    assert 0 < 2 * resnet18.seconds_per_image_forward < resnet18.seconds_per_step


def test_memory_of_a_fully_connected_chain_is_that_counted_by_hand() -> None:
    small, large = (
        profile_model(RunConfig(model="alexnet", im_size=64, batch_size=size, width=0.125), 10, device=CPU)
        for size in (2, 4)
    )
    four_copies = 4 * 4 * small.parameters
    assert large.memory_bytes - four_copies == 2 * (small.memory_bytes - four_copies)
    # at 64 px: the input; each convolution with its activation in place of its input; the pools' indices
    assert small.memory_bytes - four_copies > 2 * 4 * (3 * 64 * 64 + 12 * 15 * 15 * 2)


def test_a_frozen_network_costs_less_memory_and_trains_its_head_only() -> None:
    whole, head = (
        profile_model(
            RunConfig(model="tf_efficientnet_lite0", im_size=64, batch_size=2, train_layers=layers),
            10,
            device=CPU,
        )
        for layers in ("all", "head")
    )
    assert head.trainable_parameters == 1280 * 10 + 10
    assert head.parameters == whole.parameters
    assert head.memory_bytes < whole.memory_bytes / 2


def test_a_profile_survives_json(resnet18: ModelProfile) -> None:
    assert ModelProfile.from_json(resnet18.to_json()) == resnet18


def test_profiling_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    profile_model(RunConfig(model="alexnet", im_size=64, batch_size=2, width=0.125), 10, device=CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_images_too_small_for_a_network_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot take images of 16 px"):
        profile_model(RunConfig(model="vgg11", im_size=16), 10, device=CPU)
