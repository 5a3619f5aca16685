"""One step: in parts it is the same step, and one that broke off leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from rsdash.errors import DivergedError
from rsdash.training.causes import cause_of
from rsdash.training.compute import Compute
from rsdash.training.measure import measure_logits
from rsdash.training.step import Stepper, most_parts
from rsdash.training.trainer import Trainer
from tests.loop import CPU, STEPS_PER_EPOCH, Witness, material, recipe

pytestmark = pytest.mark.usefixtures("one_thread")


def step_once(accumulation: int, **changes: Any) -> tuple[nn.Module, float, int]:
    """A step over 15 random images; LRN knows no batch, so parts must not matter."""
    config = recipe("paper", dropout=0.0, optimizer="sgd", accumulation=accumulation, **changes)
    parts = material(config)
    draws = torch.Generator().manual_seed(0)
    images = torch.randn(15, 3, config.im_size, config.im_size, generator=draws)
    sizes: list[int] = []
    parts.model.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    sums = Stepper(parts.model, parts.head, CPU, config).attempt(
        images, torch.arange(15) % 3, config, rate=0.1
    )
    assert sums and sum(sizes) == 15 and max(sizes) - min(sizes) <= 1 and min(sizes) >= 2
    return parts.model, float(sums.loss), len(sizes)


@pytest.mark.parametrize("changes", [{}, {"clip_gradient": 0.1, "l1": 1e-3, "label_smoothing": 0.1}])
def test_a_batch_in_parts_takes_the_same_step(changes: dict[str, Any]) -> None:
    whole, loss, count = step_once(1, **changes)
    assert count == 1
    for accumulation, parts in ((2, 2), (4, 4), (100, most_parts(15))):
        split, split_loss, count = step_once(accumulation, **changes)
        assert count == parts
        assert split_loss == pytest.approx(loss, rel=1e-5)
        for left, right in zip(whole.parameters(), split.parameters(), strict=True):
            torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)


def test_the_l1_penalty_moves_the_weights_and_is_no_part_of_the_loss() -> None:
    plain, loss, _ = step_once(1)
    shrunk, same_loss, _ = step_once(1, l1=1e-2)
    assert same_loss == loss
    first = material(recipe("paper")).model.parameters()
    for start, free, pulled in zip(first, plain.parameters(), shrunk.parameters(), strict=True):
        torch.testing.assert_close(free - pulled, 0.1 * 1e-2 * start.sign(), rtol=1e-3, atol=1e-6)


def test_a_step_whose_memory_ran_out_after_gradients_were_unscaled_is_taken_again() -> None:
    config = recipe("paper", dropout=0.0, optimizer="sgd")
    parts = material(config)
    half = Compute(torch.device("cpu"), torch.float16, "CPU, fp16")
    stepper = Stepper(parts.model, parts.head, half, config)
    images, labels = parts.training.batch(torch.arange(8))
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise torch.OutOfMemoryError

    scale = stepper.scaler.get_scale()
    assert stepper.attempt(images, labels, config, rate=0.1, look=look) is None
    assert stepper.scaler.get_scale() == scale
    assert stepper.attempt(images, labels, config, rate=0.1, look=look)


def test_optimizer_state_that_was_made_by_half_when_memory_ran_out_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = recipe("paper", dropout=0.0)
    parts = material(config)
    stepper = Stepper(parts.model, parts.head, CPU, config)
    images, labels = parts.training.batch(torch.arange(8))
    zeros_like, calls = torch.zeros_like, []

    def short_of_memory(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 3:
            raise torch.OutOfMemoryError
        return zeros_like(*args, **kwargs)

    monkeypatch.setattr(torch, "zeros_like", short_of_memory)
    assert stepper.attempt(images, labels, config, rate=0.001) is None
    assert stepper.attempt(images, labels, config, rate=0.001)


def test_a_fused_step_whose_memory_ran_out_leaves_no_scale_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    config = recipe("paper", dropout=0.0)
    half = Compute(torch.device("cpu"), torch.float16, "CPU, fp16")
    images, labels = material(config).training.batch(torch.arange(8))
    short, plenty = (Stepper(m.model, m.head, half, config) for m in (material(config), material(config)))
    step = short.optimizer.step

    def short_of_memory(*args: Any, **kwargs: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(short.optimizer, "step", short_of_memory)
    assert short.attempt(images, labels, config, rate=0.001) is None
    monkeypatch.setattr(short.optimizer, "step", step)
    for stepper in (short, plenty):  # the norms of clipping are those of unscaled gradients
        clipped = config.model_copy(update={"clip_gradient": 1e9})
        assert stepper.attempt(images, labels, clipped, rate=0.001)
    for left, right in zip(short.model.parameters(), plenty.model.parameters(), strict=True):
        assert torch.equal(short.optimizer.state[left]["exp_avg"], plenty.optimizer.state[right]["exp_avg"])


def test_momentum_is_no_left_over_memory_where_the_first_step_in_half_precision_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = recipe("sgd", dropout=0.0, accumulation=1)
    parts = material(config)
    half = Compute(torch.device("cpu"), torch.float16, "CPU, fp16")
    images, labels = parts.training.batch(torch.arange(8))
    stepper = Stepper(parts.model, parts.head, half, config)
    start = [parameter.clone() for parameter in parts.model.parameters()]
    stepper.scaler.load_state_dict({**stepper.scaler.state_dict(), "scale": 1e38})  # too large for fp16
    monkeypatch.setattr(torch, "empty_like", lambda like, **_: torch.full_like(like, torch.nan))
    for scale in (None, 1.0):
        if scale:
            assert all(map(torch.equal, parts.model.parameters(), start))
            stepper.scaler.load_state_dict({**stepper.scaler.state_dict(), "scale": scale})
        assert stepper.attempt(images, labels, config, rate=0.001)
    assert all(parameter.isfinite().all() for parameter in parts.model.parameters())
    assert not all(map(torch.equal, parts.model.parameters(), start))


def test_kernels_are_tried_for_whole_batches_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    config = recipe("paper", batch_size=8)
    parts = material(config)
    stepper = Stepper(parts.model, parts.head, CPU, config)
    seen: list[bool] = []

    def look(*_: Any) -> None:
        seen.append(torch.backends.cudnn.benchmark)

    parts.model.register_forward_pre_hook(look)
    next(parts.model.parameters()).register_hook(look)  # called with the gradient
    for images, tried in ((8, True), (5, False)):
        seen.clear()
        assert stepper.attempt(*parts.training.batch(torch.arange(images)), config, rate=0.001)
        assert seen == [tried, tried]
    seen.clear()
    measure_logits(parts.model, parts.watched, CPU)
    assert seen == [False] and torch.backends.cudnn.benchmark


def test_a_batch_too_small_for_batch_normalization_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="more than 1 value") as caught:
        torch.nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
    assert "raise batch_size" in (cause_of(caught.value) or "")
    assert cause_of(ValueError("something else")) is None


def test_a_batch_of_another_size_is_not_compiled_for() -> None:
    config = recipe("paper", dropout=0.0, batch_size=16)
    parts = material(config)
    compiled: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        compiled.append(len(inputs))
        return graph.forward

    parts.model.compile(backend=backend, dynamic=False)
    stepper = Stepper(parts.model, parts.head, CPU, config)
    for images, expected in ((16, 1), (8, 1), (16, 1)):
        batch, labels = parts.training.batch(torch.arange(images))
        assert stepper.attempt(batch, labels, config, rate=0.001)
        assert len(compiled) == expected


class Poisoner(Witness):
    """Writes a NaN into one weight after some steps."""

    def __init__(self, model: nn.Module, after: int) -> None:
        super().__init__()
        self.model, self.after = model, after

    def poll(self, progress: Any) -> Any:
        if progress.step == self.after:
            with torch.no_grad():
                next(self.model.parameters())[0, 0, 0, 0] = float("nan")
        return super().poll(progress)


@pytest.mark.parametrize("after", [1, 4, STEPS_PER_EPOCH])
def test_a_weight_that_is_no_number_ends_the_run_at_the_next_step_and_names_the_layer(after: int) -> None:
    config = recipe("paper")
    parts = material(config)
    first = next(name for name, _ in parts.model.named_parameters())
    trainer = Trainer("run", config, parts, Poisoner(parts.model, after))
    with pytest.raises(DivergedError, match=rf"at step {after + 1} .*{first}.*Lower the learning rate"):
        trainer.run()


def test_weights_that_are_no_numbers_are_never_saved() -> None:
    config = recipe("paper", checkpoint_minutes=1e-7)
    parts = material(config)
    witness = Poisoner(parts.model, 4)
    with pytest.raises(DivergedError, match="A weight is no longer a number after step 4"):
        Trainer("run", config, parts, witness).run()
    assert witness.checkpoints == [1, 2, 3]
