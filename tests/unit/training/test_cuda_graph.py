"""Steps that are recorded and replayed on a GPU are the steps as written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.training.compute import Compute
from rsdash.training.cuda_graph import Batch, BatchFigures, GraphedPasses, Passes
from rsdash.training.material import Material
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.step import Stepper
from tests.loop import CPU, GPU, RECIPES, material, needs_gpu, quiet, recipe

pytestmark = [pytest.mark.usefixtures("one_thread", "repeatable"), quiet]

BATCH = 16


class Stepping:
    """Steps of a network over random images, recorded or as written."""

    def __init__(self, config: RunConfig, parts: Material, compute: Compute, *, recorded: bool) -> None:
        self._config, self._side, self._device = config, config.im_size, compute.device
        self._draws = torch.Generator().manual_seed(0)
        self.stepper = Stepper(parts.model, parts.head, compute, config)
        if not recorded:
            self.stepper.graphed = GraphedPasses(nn.Linear(1, 1))  # which is on the CPU

    @property
    def recorded(self) -> bool:
        return self.stepper.graphed.recorded

    def take(self, count: int, images: int = BATCH, look: Callable[[], None] | None = None) -> list[float]:
        """The losses of some steps, each over other images."""
        losses = []
        for _ in range(count):
            batch = torch.randn(images, 3, self._side, self._side, generator=self._draws)
            labels = torch.randint(0, 3, (images,), generator=self._draws)
            seed_network(0, Stream.NETWORK, step=len(losses))
            batch = batch.to(self._device, memory_format=torch.channels_last)
            sums = self.stepper.attempt(batch, labels.to(self._device), self._config, rate=0.001, look=look)
            assert sums
            losses.append(float(sums.loss))
        return losses


def stepping(name: str, *, recorded: bool = True, compute: Compute = GPU, **changes: Any) -> Stepping:
    config = recipe(name, batch_size=BATCH, **changes)
    return Stepping(config, material(config, compute=compute), compute, recorded=recorded)


@needs_gpu
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_recorded_steps_are_the_steps_as_written(name: str, dtype: torch.dtype) -> None:
    compute = Compute(GPU.device, dtype, "GPU")
    replayed, written = (
        stepping(name, recorded=recorded, compute=compute, accumulation=1) for recorded in (True, False)
    )
    for images in (BATCH, BATCH, BATCH, 7, BATCH):
        losses = [steps.take(1, images) for steps in (replayed, written)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert replayed.recorded and not written.recorded
    ours, theirs = (steps.stepper.model.state_dict() for steps in (replayed, written))
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key], rtol=1e-4, atol=1e-6)


@needs_gpu
def test_layers_that_begin_to_learn_are_recorded_anew() -> None:
    steps = stepping("paper")
    parameters = list(steps.stepper.model.parameters())
    first = parameters[0]
    first.requires_grad_(False)
    steps.take(3)
    before = first.clone()
    assert steps.recorded and first.grad is None
    first.requires_grad_(True)
    steps.take(1)
    assert not steps.recorded
    steps.take(2)
    assert steps.recorded and not torch.equal(first, before)


class Waiting(nn.Module):
    """Its passes wait for the GPU, after batch normalization has seen the batch."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.norm = inner, nn.BatchNorm2d(3, device=GPU.device)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        images = self.norm(images)
        return self.inner(images) if images.sum().item() < 1e9 else images


class Drawing(nn.Module):
    """Draws a number on the processor."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.inner(images * float(1 + torch.rand(())))


class Keeping(nn.Module):
    """Keeps a tensor until its mode changes, like some of timm's attentions."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.kept: torch.Tensor | None = None

    def train(self, mode: bool = True) -> Keeping:
        super().train(mode)
        self.kept = None
        return self

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.kept is None:
            self.kept = images.new_ones(1)
        return self.inner(images * self.kept)


@needs_gpu
@pytest.mark.parametrize("kind", [Waiting, Drawing, Keeping])
def test_a_network_that_cannot_be_recorded_is_run_as_written(
    kind: Callable[[nn.Module], nn.Module], capsys: pytest.CaptureFixture[str]
) -> None:
    config = recipe("sgd", batch_size=BATCH)
    both = []
    for recorded in (True, False):
        parts = material(config, compute=GPU)
        model = kind(parts.model)
        model.train(kind is not Keeping)
        parts = dataclasses.replace(parts, model=model, head=set())
        both.append(Stepping(config, parts, GPU, recorded=recorded))
    steps, twin = both
    assert steps.take(4) == twin.take(4)
    assert not steps.recorded
    assert capsys.readouterr().out.count("Steps run as written") == 1
    ours, theirs = (each.stepper.model.state_dict() for each in both)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


@needs_gpu
def test_a_recording_makes_room_where_memory_runs_out(capsys: pytest.CaptureFixture[str]) -> None:
    steps, twin = stepping("sgd"), stepping("sgd", recorded=False)
    assert steps.take(3) == pytest.approx(twin.take(3), rel=1e-5)
    failures = iter([torch.OutOfMemoryError("CUDA out of memory.")])

    def fail_once() -> None:
        if error := next(failures, None):
            raise error

    assert steps.recorded
    assert steps.take(1, look=fail_once) == pytest.approx(twin.take(1), rel=1e-5)
    assert not steps.recorded
    assert steps.take(3) == pytest.approx(twin.take(3), rel=1e-5)
    assert not steps.recorded
    assert "memory is short" in capsys.readouterr().out


@needs_gpu
def test_no_recording_is_kept_where_it_leaves_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (1, 1))
    steps, twin = stepping("sgd"), stepping("sgd", recorded=False)
    assert steps.take(4) == twin.take(4)
    assert not steps.recorded


class Played(NamedTuple):
    """Stands for a recording where there is no GPU."""

    passes: Passes

    def replay(self, batch: Batch) -> BatchFigures:
        return self.passes(*batch)


class Counting(GraphedPasses):
    """Counts its recordings."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self._possible = True
        self.count = 0

    def _record(self, batch: Batch, passes: Passes) -> Any:
        self.count += 1
        return Played(passes)


def test_the_second_batch_of_a_kind_is_recorded_until_another_kind_comes() -> None:
    model = nn.Linear(2, 2)
    passes, small, large = Counting(model), Batch(torch.ones(2, 2), torch.ones(2)), torch.ones(3)

    def run(batch: Batch) -> bool:
        return passes.run(batch, lambda images, labels: (images.sum(), labels.sum())) is not None

    assert [run(small) for _ in range(4)] == [False, True, True, True] and passes.count == 1
    assert [run(Batch(torch.ones(3, 2), large)) for _ in range(2)] == [False, True] and passes.count == 2
    model.bias.requires_grad_(False)
    assert [run(Batch(torch.ones(3, 2), large)) for _ in range(3)] == [False, True, True]
    model.eval()
    assert [run(Batch(torch.ones(3, 2), large)) for _ in range(2)] == [False, True] and passes.count == 4
    assert passes.release() and not passes.recorded and not passes.release()
    assert not any(run(small) for _ in range(3)) and passes.count == 4


def test_nothing_is_recorded_on_the_cpu() -> None:
    steps = stepping("sgd", compute=CPU)
    steps.take(3)
    assert not steps.recorded
    assert not steps.stepper.graphed.release()
